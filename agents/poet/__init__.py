"""POET: environments that evolve together with the agents that solve them."""

from .poet import POET

__all__ = ["POET"]
