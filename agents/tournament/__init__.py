"""Tournaments of agents that were trained on contests: all pairs, win rates and ratings."""

from .contests import Counts, play_pair
from .table import Tournament, tournament

__all__ = ["Counts", "Tournament", "play_pair", "tournament"]
