"""How an agent is played by `evaluate`: as a learner, or as it acts now."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm

from ..base.lifetime_algorithm import LifetimeAlgorithm


def with_inner_loop(agent: Any) -> Any:
    """Return something with an inner loop that plays `agent`.

    Args:
        agent: An agent, a baseline, a Stable-Baselines3 model, an object with `predict`, or a
            function of an observation.

    Raises:
        TypeError: It is none of these.
    """
    if isinstance(agent, type):
        raise TypeError(f"{agent.__name__} is a class; give an agent: {agent.__name__}(...)")
    if hasattr(agent, "inner_loop"):
        return agent
    if isinstance(agent, BaseAlgorithm):
        from ...baselines import StableBaselines

        return StableBaselines(agent)
    if callable(getattr(agent, "predict", None)) or callable(agent):
        from ...baselines import Policy

        return Policy(agent)
    raise TypeError(
        f"{agent!r} has no inner_loop; give an agent, a baseline (agents.baselines), an SB3 model, "
        "an object with predict, or a function of an observation"
    )


def as_trained(agent: Any) -> Any:
    """Return what plays a trained agent: as it acts now if it is of one lifetime, else its learner.

    The learner of an agent of one lifetime begins with nothing: `evaluate(agent, id, steps=N)`
    measures how it learns.
    """
    if not isinstance(agent, LifetimeAlgorithm):
        return with_inner_loop(agent)
    from ...baselines import Policy

    return Policy(agent)
