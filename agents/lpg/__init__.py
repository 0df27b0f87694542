"""Learned policy gradient: an update rule that is found on whole lifetimes of learners."""

from .learner import LPGLearner
from .lpg import LPG

__all__ = ["LPG", "LPGLearner"]
