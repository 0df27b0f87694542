"""Forward and backward passes by hand, where they pay."""
