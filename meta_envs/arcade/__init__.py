"""Atari's arcade games as tasks, through ale-py (the extra `atari`); scores need no extra."""

from .games import GAMES, human_normalised

__all__ = ["GAMES", "human_normalised"]
