"""Behaviour cloning: a policy learnt from demonstrations, as in supervised learning."""

from .bc import BC

__all__ = ["BC"]
