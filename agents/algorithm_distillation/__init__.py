"""Algorithm distillation: a transformer imitates how others learn, and so learns in context."""

from .algorithm_distillation import AlgorithmDistillation

__all__ = ["AlgorithmDistillation"]
