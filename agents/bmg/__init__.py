"""Bootstrapped meta-gradients: agents that learn their own entropy bonus, or epsilon."""

from .bmg import BMG
from .qbmg import QBMG

__all__ = ["BMG", "QBMG"]
