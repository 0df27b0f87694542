"""Regression as a task distribution: some pairs are shown, then values are asked for."""
