"""Meta-gradients of returns: an agent that learns its own discount, lambda and reward."""

from .meta_gradient import MetaGradient

__all__ = ["MetaGradient"]
