"""L2RL (Wang et al. 2016): learning to reinforcement learn."""

from .l2rl import L2RL

__all__ = ["L2RL"]
