"""Tests of imitation within a trial."""
