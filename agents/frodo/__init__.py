"""FRODO: an agent that learns the targets of its own updates."""

from .frodo import FRODO

__all__ = ["FRODO"]
