"""Reference players for meta-learners: solvers, oracles and Stable-Baselines3 models.

Every name here is a frozen dataclass of parameters, which `agents.evaluate` accepts like an agent.
"""

from .bandits import UCB1, EpsilonGreedy, Greedy, OptimisticThompson, Thompson
from .base import Random
from .buses import BusPosteriorSampling
from .gittins import Gittins
from .grids import GridOracle, GridPosteriorSampling
from .oracles import BanditOracle, Expert, MDPOracle
from .policy import Policy
from .stable_baselines import StableBaselines
from .tabular import PSRL, EpsilonGreedyMDP

__all__ = [
    "BanditOracle",
    "BusPosteriorSampling",
    "EpsilonGreedy",
    "EpsilonGreedyMDP",
    "Expert",
    "Gittins",
    "Greedy",
    "GridOracle",
    "GridPosteriorSampling",
    "MDPOracle",
    "OptimisticThompson",
    "PSRL",
    "Policy",
    "Random",
    "StableBaselines",
    "Thompson",
    "UCB1",
]
