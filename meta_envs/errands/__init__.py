"""Worlds to explore first: an episode to look around, then episodes that say what to do."""
