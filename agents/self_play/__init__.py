"""Training against earlier selves: contests whose bank of opponents the learner fills."""

from .callback import SelfPlay
from .networks import opponent_arrays

__all__ = ["SelfPlay", "opponent_arrays"]
