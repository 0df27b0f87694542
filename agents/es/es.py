"""ES: an evolution strategy that trains a policy on any id, with no gradient of anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.evolution_algorithm import EvolutionAlgorithm
from ..core.base.held import HeldTensors
from ..core.base.population import Around, Job
from ..core.base.training_log import record_update
from ..core.play.members import Played
from ..core.play.player import OnStep
from .presets import PRESETS


class ES(EvolutionAlgorithm):
    """Evolution strategy (Salimans et al. 2017, arXiv 1703.03864), on any Gymnasium id.

    A generation is `population` policies around a center; each plays whole episodes, and the
    center moves towards those with higher returns. All members of a generation play the same
    episodes (seeds, and so tasks). The policy has no memory: in a task distribution it learns what
    is best on average. `inner_loop` and `predict` act with the center.

    Differences from the paper: no virtual batch normalisation and no noise on actions; members of
    equal return have equal ranks.

    Raises:
        ValueError: If an argument is out of range.
    """

    presets = PRESETS

    def _setup_states(self, center: torch.Tensor) -> None:
        self._state = HeldTensors(self.strategy.begin(center))

    @property
    def center(self) -> torch.Tensor:
        """The parameters that members are drawn around, [P]."""
        return self._state.tensors["center"]

    def _collect(self, on_step: OnStep) -> Played:
        members = Around.of(self.strategy, self._state.tensors, self.seed)
        first = fold(self.seed, "episodes", self.iteration)
        seeds = np.arange(first, first + self.n_episodes)  # the same for every member
        every = np.tile(seeds, (self.population, 1))
        job = Job(self.network, members, every, sampled=self.sampled)
        return self._play([job], on_step)[0]

    def train(self, experience: Played) -> dict[str, float]:
        """Move the center towards the members with higher returns."""
        fitness = experience.returns.mean(axis=1)
        self._state.tensors, figures = self.strategy.tell(self._state.tensors, self.seed, fitness)
        self._n_updates += 1
        return figures

    def _record(
        self, experience: Played, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        self.latest = {"ep_rew_mean": figures["fitness_mean"]}
        record_update(self, figures, seconds, dump)

    def _networks(self) -> dict[str, Any]:
        return {"es": self._state}
