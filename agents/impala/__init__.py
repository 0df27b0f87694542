"""IMPALA, an actor-critic that corrects for what older parameters did, and its self-tuning kin."""

from .impala import IMPALA
from .stac import STAC, STACX

__all__ = ["IMPALA", "STAC", "STACX"]
