"""Networks: from observations to features, distributions and values."""
