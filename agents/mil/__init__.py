"""Learning to imitate from one demonstration: MIL, and cloning conditioned on demonstrations."""

from .conditional import ConditionalBC
from .mil import MIL

__all__ = ["MIL", "ConditionalBC"]
