"""The laws that every agent keeps, and their checks."""
