"""Grids with a hidden goal to find."""
