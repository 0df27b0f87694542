"""VariBAD (Zintgraf et al. 2020), which acts on a belief; HyperX (2021), paid for new ones."""

from .figure import draw_belief, watch_belief
from .hyperx import HyperX
from .varibad import VariBAD

__all__ = ["HyperX", "VariBAD", "draw_belief", "watch_belief"]
