"""DREAM (Liu et al. 2021), and exploring by a model's progress in its place."""

from .dream import DREAM
from .predictive import PredictiveExploration

__all__ = ["DREAM", "PredictiveExploration"]
