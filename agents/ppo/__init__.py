"""Proximal policy optimisation within one lifetime, with any policy loss; and one that is found."""

from .lpo import LPO, LPOLearner
from .ppo import DPO, PPO

__all__ = ["DPO", "LPO", "PPO", "LPOLearner"]
