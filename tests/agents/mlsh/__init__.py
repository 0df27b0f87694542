"""Tests of MLSH."""
