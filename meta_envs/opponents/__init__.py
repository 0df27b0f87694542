"""Contests against opponents that get better from round to round."""
