"""DIAYN: skills that can be told apart, learnt without rewards."""

from .diayn import DIAYN

__all__ = ["DIAYN"]
