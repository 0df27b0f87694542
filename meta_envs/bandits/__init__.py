"""Bandits: an episode is a number of pulls, a task is what the arms pay."""
