"""MAML (Finn et al. 2017) and the related algorithms that its arguments select."""

from .continuous import ContinuousMAML
from .maesn import MAESN
from .maml import MAML
from .supervised import SupervisedMAML
from .tracking import PPOTracking
from .variants import EMAML, FOMAML, MetaSGD, ProMP, Reptile

__all__ = [
    "EMAML",
    "FOMAML",
    "MAESN",
    "MAML",
    "ContinuousMAML",
    "MetaSGD",
    "PPOTracking",
    "ProMP",
    "Reptile",
    "SupervisedMAML",
]
