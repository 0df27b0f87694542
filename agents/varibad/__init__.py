"""VariBAD (Zintgraf et al. 2020): a belief over the task, and a policy that acts on it."""

from .varibad import VariBAD

__all__ = ["VariBAD"]
