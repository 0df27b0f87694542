"""Collects pairs of consecutive tasks: rounds of a task, then one of its successor. M tasks."""

from __future__ import annotations

import numpy as np

from meta_envs.core.rng import fold, generator

from ..core.evaluation.play import Played
from .rounds import Round, RoundCollector

_ORDER = 0  # the stream of the seed from which the pairs' places in their trials are drawn


class PairCollector(RoundCollector):
    """Plays all rounds but the last in one task of a trial, and the last in the task that follows.

    Which of a trial's tasks is the first of the pair is drawn uniformly. Where tasks do not change
    within trials, both are the same.
    """

    def collect(self, tasks_seed: int, episodes_seed: int, count: int) -> Round:
        """Play `count` rounds in new pairs; as in `RoundCollector`.

        Raises:
            StoppedError: If `on_step` returned False.
        """
        task, following = self.pairs(tasks_seed)
        parts = []
        try:
            for index in range(count):
                self.pin(task if index < count - 1 else following)
                seed = fold(episodes_seed, "round", index)
                parts.append(self.episodes(seed, 1, new=index == 0))
        finally:
            self.venv.unwrapped.set_tasks(None)
        return Round(_side_by_side(parts), self.loop)

    def pairs(self, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Draw tasks [M, ...] from trials, and return them with those that follow them."""
        distribution = self.venv.unwrapped.distribution
        drawn = self.draw(seed)
        if not distribution.changes:
            return drawn, drawn
        rng = generator(fold(seed, "pairs"), _ORDER)
        places = max(self.venv.unwrapped.episodes_per_trial - 1, 1)
        pairs = []
        for index in range(len(next(iter(drawn.values())))):
            task = {key: values[index] for key, values in drawn.items()}
            begun = 1 + int(rng.integers(places))
            for episode in range(1, begun):
                task = distribution.next_task(task, episode, rng)
            pairs.append((task, distribution.next_task(task, begun, rng)))
        first, second = (
            {key: np.stack([pair[which][key] for pair in pairs]) for key in drawn}
            for which in (0, 1)
        )
        return first, second


def _side_by_side(parts: list[Played]) -> Played:
    """Return rounds that were played one by one as if played at once."""
    success = [part.success for part in parts if part.success is not None]
    return Played(
        returns=np.concatenate([part.returns for part in parts], axis=1),
        lengths=np.concatenate([part.lengths for part in parts], axis=1),
        success=np.concatenate(success, axis=1) if len(success) == len(parts) else None,
        expected=None,
    )
