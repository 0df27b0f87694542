"""Constructor arguments of agents that evolve the parameters of policies."""

from __future__ import annotations

from typing import Any

from ..learning.evolution import OpenES
from ..learning.workers import check_workers
from .arguments import Declared, above, argument, at_least, within


class StrategyArguments(Declared):
    """Arguments of agents that evolve something by `OpenES`."""

    population: int = argument(
        "Members of a generation: an even number, for they come in pairs.", at_least(2), default=64
    )
    n_episodes: int = argument("Episodes that each member plays.", at_least(1), default=1)
    sigma: float = argument("Standard deviation of the parameters' noise.", above(0), default=0.1)
    sigma_decay: float = argument(
        "`sigma` is multiplied by this after each generation.", within(0, 1), default=1.0
    )
    sigma_limit: float = argument("Smallest `sigma` of the decay.", above(0), default=0.01)
    learning_rate_decay: float = argument(
        "The learning rate is multiplied by this after each generation.", within(0, 1), default=1.0
    )
    learning_rate_limit: float = argument(
        "Smallest learning rate of the decay.", above(0), default=0.001
    )
    l2_coef: float = argument("Weight decay.", at_least(0), default=0.0)
    workers: Any = argument(
        'Processes that play: a number, or `"ray"` for a Ray cluster; 1 is this process. Results '
        "do not depend on it.",
        check_workers,
        default=1,
        remembered=False,
        type=Any,
    )


class EvolutionArguments(StrategyArguments):
    """Arguments of agents that evolve policies by `OpenES`."""

    sampled: bool = argument(
        "Members sample their actions, instead of taking the most probable.", default=False
    )


def strategy(agent: Any) -> OpenES:
    """Return the evolution strategy that an agent's arguments describe.

    Raises:
        ValueError: If one is out of range.
    """
    return OpenES(
        population=agent.population,
        sigma=agent.sigma,
        learning_rate=float(agent.learning_rate),
        l2_coef=agent.l2_coef,
        sigma_decay=agent.sigma_decay,
        sigma_limit=agent.sigma_limit,
        learning_rate_decay=agent.learning_rate_decay,
        learning_rate_limit=agent.learning_rate_limit,
    )
