"""Pretrained agents: entries of weights, scores and the command that made them."""

from .entry import Entry
from .shelf import entries, find, load_pretrained

__all__ = ["Entry", "entries", "find", "load_pretrained"]
