"""IMPALA: an actor-critic that corrects for what older parameters did."""

from .impala import IMPALA

__all__ = ["IMPALA"]
