"""Episodic control: MFEC (Blundell et al. 2016) and NEC (Pritzel et al. 2017)."""

from .mfec import MFEC
from .nec import NEC

__all__ = ["MFEC", "NEC"]
