"""Proximal policy optimisation within one lifetime, with any policy loss."""

from .ppo import DPO, PPO

__all__ = ["DPO", "PPO"]
