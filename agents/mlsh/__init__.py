"""Meta-learning shared hierarchies: sub-policies of all tasks, and a master of each."""

from .mlsh import MLSH

__all__ = ["MLSH"]
