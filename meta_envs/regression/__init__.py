"""Regression as a task distribution: some pairs are seen, then values are asked for."""
