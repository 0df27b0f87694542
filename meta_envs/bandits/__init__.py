"""Bandits: an episode is a series of pulls, a task is what the arms pay."""
