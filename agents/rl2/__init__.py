"""RL2 (Duan et al. 2016), fast learning via slow learning; SNAIL (Mishra et al. 2017)."""

from .erl2 import ERL2
from .importing import IMPORT
from .rl2 import RL2
from .snail import SNAIL

__all__ = ["ERL2", "IMPORT", "RL2", "SNAIL"]
