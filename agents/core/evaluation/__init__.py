"""How well an agent adapts: evaluation, curves, plots."""
