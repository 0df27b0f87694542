"""Pages of the site that are written by a program: from the registry, docstrings and CSV files."""
