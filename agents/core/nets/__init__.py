"""Networks: what sees observations and gives features, distributions and values."""
