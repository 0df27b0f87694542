"""Measures how well an agent adapts: evaluation, curves, plots."""
