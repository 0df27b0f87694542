"""RL2 (Duan et al. 2016): fast reinforcement learning via slow reinforcement learning."""

from .rl2 import RL2

__all__ = ["RL2"]
