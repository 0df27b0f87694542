"""Hand-written forward and backward passes, where they are faster."""
