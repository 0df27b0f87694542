"""Data files of metazoo, read with `importlib.resources`."""
