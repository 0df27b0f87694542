"""MAML (Finn et al. 2017) and the algorithms that its arguments make."""

from .maml import MAML

__all__ = ["MAML"]
