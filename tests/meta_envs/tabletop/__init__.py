"""Tests of objects on a table."""
