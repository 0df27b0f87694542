"""L2RL (Wang et al. 2016), learning to reinforcement learn; EpisodicLSTM (Ritter et al. 2018)."""

from .episodic import EpisodicLSTM
from .l2rl import L2RL

__all__ = ["L2RL", "EpisodicLSTM"]
