"""Single-lifetime agents that adapt their own meta-parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .agent_arguments import MetaGradientArguments
from .lifetime_algorithm import LifetimeAlgorithm


class MetaGradientAlgorithm(MetaGradientArguments, LifetimeAlgorithm):
    """A learner that adapts its meta-parameters as it goes; subclasses define `_make_rule`.

    `inner_loop` returns new learners that begin with the initial meta-parameters and adapt them.
    `make_learner` returns an agent whose meta-parameters, and those of its `inner_loop`, are this
    agent's as they are now, and stay so (`meta_learning_rate=0`).

    Raises:
        ValueError: If an argument is out of range.
    """

    def _frozen_arguments(self) -> dict[str, Any]:
        return {"meta_learning_rate": 0.0}

    def _hand_over(self, learner: Any) -> None:
        eta, wanted = self.loop.learners["eta"], learner.loop.learners["eta"].shape
        if eta.shape != wanted:
            raise ValueError(
                f"{self.env_id} has {eta.shape[1]} meta-parameters and {learner.env_id} "
                f"{wanted[1]}: they do not fit (tables and networks depend on the spaces)"
            )
        learner.rule.meta.given = eta[0].clone()
        learner.loop.learners = learner.loop.born(np.arange(1))

    def _extra_state(self) -> dict[str, Any]:
        """Keep the newest figures: those of a meta-update are logged until the next one."""
        figures = {
            name: values.tolist()
            for name, values in self.loop.figures.items()
            if np.isfinite(values).all()
        }
        return {**super()._extra_state(), "figures": figures}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        super()._set_extra_state(state)
        figures = state.get("figures", {})  # older checkpoints have none
        self.loop.figures = {name: np.array(values) for name, values in figures.items()}

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        super()._restore(progress, tensors, path)
        if not self.meta_learning_rate:  # meta-parameters that stay are those of new learners too
            self.rule.meta.given = self.loop.learners["eta"][0].clone()
