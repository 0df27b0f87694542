"""MetaGenRL: an objective for policies, learnt by a population through its critics."""

from .learner import MetaGenRLLearner
from .metagenrl import MetaGenRL

__all__ = ["MetaGenRL", "MetaGenRLLearner"]
