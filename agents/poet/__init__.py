"""POET: environments that evolve together with the agents that solve them."""

from .enhanced import EnhancedPOET
from .picture import draw_tree
from .poet import POET

__all__ = ["POET", "EnhancedPOET", "draw_tree"]
