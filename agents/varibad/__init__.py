"""VariBAD (Zintgraf et al. 2020): a belief over the task, and a policy that acts on it."""

from .figure import draw_belief, watch_belief
from .varibad import VariBAD

__all__ = ["VariBAD", "draw_belief", "watch_belief"]
