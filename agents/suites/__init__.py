"""Suites of trainings: what they are, how they are run, and what came of them."""
