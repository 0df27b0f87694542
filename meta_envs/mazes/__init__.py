"""Grids to find a hidden goal in."""
