"""Evolved policy gradients: a loss that is evolved, and that policies then descend."""

from .epg import EPG, EPGLearner

__all__ = ["EPG", "EPGLearner"]
