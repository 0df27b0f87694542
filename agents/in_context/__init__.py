"""In-context learning off policy: an actor-critic at every step of a causal transformer."""

from .in_context import InContext

__all__ = ["InContext"]
