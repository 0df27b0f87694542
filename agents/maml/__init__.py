"""MAML (Finn et al. 2017) and the related algorithms that its arguments select."""

from .maml import MAML
from .supervised import SupervisedMAML
from .variants import EMAML, FOMAML, MetaSGD, ProMP, Reptile

__all__ = ["EMAML", "FOMAML", "MAML", "MetaSGD", "ProMP", "Reptile", "SupervisedMAML"]
