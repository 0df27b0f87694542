"""Bootstrapped meta-gradients: an agent that learns its own entropy bonus."""

from .bmg import BMG

__all__ = ["BMG"]
