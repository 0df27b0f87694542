"""What meta-learners are compared to: solvers, oracles and Stable-Baselines3 models as inner loops.

Every name here is a frozen dataclass of parameters, which `agents.evaluate` takes like an agent.
"""

from agents.baselines.bandits import UCB1, EpsilonGreedy, Greedy, OptimisticThompson, Thompson
from agents.baselines.base import Random
from agents.baselines.gittins import Gittins
from agents.baselines.grids import GridOracle, GridPosteriorSampling
from agents.baselines.oracles import BanditOracle, Expert, MDPOracle
from agents.baselines.stable_baselines import StableBaselines
from agents.baselines.tabular import PSRL, EpsilonGreedyMDP

__all__ = [
    "BanditOracle",
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
    "Random",
    "StableBaselines",
    "Thompson",
    "UCB1",
]
