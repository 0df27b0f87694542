"""ES: an evolution strategy that trains a policy on any id, with no gradient of anything."""

from __future__ import annotations

import numpy as np
import torch

from ..core.base.evolution_algorithm import EvolutionAlgorithm
from ..core.base.population import Around, Job
from ..core.base.strategy_algorithm import OneCenter
from ..core.play.members import Played
from ..core.play.player import OnStep
from .presets import PRESETS


class ES(OneCenter, EvolutionAlgorithm):
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
        self._begin_center(center)

    def _collect(self, on_step: OnStep) -> Played:
        members = Around.of(self.strategy, self._state.tensors, self.seed)
        first = self._seed_of("episodes")
        seeds = np.arange(first, first + self.n_episodes)  # the same for every member
        every = np.tile(seeds, (self.population, 1))
        job = Job(self.network, members, every, sampled=self.sampled)
        return self._play([job], on_step)[0]
