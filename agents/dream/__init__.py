"""DREAM: exploring and carrying out instructions are learnt apart."""

from .dream import DREAM

__all__ = ["DREAM"]
