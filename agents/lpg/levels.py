"""The buffer of GROOVE: levels that were lived in, and how much a better learner would have gained.

C levels at most; each is a task of the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from meta_envs.core.tasks import Task


class LevelBuffer:
    """Levels with scores, of which the best are drawn again (prioritised level replay).

    Only levels that have a score and that nobody lives in are drawn, with a probability that falls
    with their rank: (1 / rank) ** (1 / temperature). A new level enters while there is room, or in
    the place of the worst level that nobody lives in, if its score is higher.

    Args:
        example: A task, for the shapes.
        capacity: C.
        replay: Probability that a level is drawn from here, rather than made.
        temperature: Of the draws; small ones take the best alone.

    Source:
        Jackson et al. 2023 (arXiv 2310.02782), section 3.2; Jiang et al. 2021 (arXiv 2010.03934).
    """

    def __init__(
        self, example: Mapping[str, np.ndarray], capacity: int, replay: float, temperature: float
    ):
        self.capacity, self.replay, self.temperature = capacity, replay, temperature
        self.tasks = {
            key: np.zeros((capacity, *np.shape(part)), np.asarray(part).dtype)
            for key, part in example.items()
        }
        self.scores = np.zeros(capacity)
        self.filled = np.zeros(capacity, dtype=bool)
        self.active = np.zeros(capacity, dtype=bool)  # somebody lives there now

    def __len__(self) -> int:
        """Return the number of levels."""
        return int(self.filled.sum())

    def probabilities(self) -> np.ndarray:
        """Return the probability of each place to be drawn, [C]; zeros if none can be."""
        free = np.flatnonzero(self.filled & ~self.active)
        found = np.zeros(self.capacity)
        order = free[np.argsort(-self.scores[free], kind="stable")]
        weights = (1.0 / np.arange(1, len(order) + 1)) ** (1.0 / self.temperature)
        found[order] = weights / weights.sum() if len(order) else weights
        return found

    def draw(self, rng: np.random.Generator) -> int | None:
        """Draw a place, in which somebody then lives; None asks for a new level."""
        if rng.random() >= self.replay:
            return None
        chances = self.probabilities()
        if not chances.any():
            return None
        place = int(rng.choice(self.capacity, p=chances))
        self.active[place] = True
        return place

    def task(self, place: int) -> Task:
        """Return the level of a place."""
        return {key: part[place].copy() for key, part in self.tasks.items()}

    def leave(self, place: int, score: float) -> None:
        """Note the score of a life that ended in a level from here."""
        self.scores[place], self.active[place] = score, False

    def enter(self, task: Mapping[str, np.ndarray], score: float) -> None:
        """Put in a new level in which a life has ended, if it belongs here."""
        if not self.filled.all():
            place = int(np.flatnonzero(~self.filled)[0])
        else:
            free = np.flatnonzero(~self.active)
            if not len(free):
                return
            place = int(free[self.scores[free].argmin()])
            if score <= self.scores[place]:
                return
        for key, part in self.tasks.items():
            part[place] = task[key]
        self.scores[place], self.filled[place] = score, True

    # ---- state ----------------------------------------------------------------------------------

    def _arrays(self) -> dict[str, np.ndarray]:
        held = {"scores": self.scores, "filled": self.filled, "active": self.active}
        return {**held, **{f"tasks.{key}": part for key, part in self.tasks.items()}}

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return all arrays as tensors, by name."""
        return {name: torch.from_numpy(part.copy()) for name, part in self._arrays().items()}

    def named_parameters(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the scores, which must be finite."""
        yield "scores", torch.from_numpy(self.scores)

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Continue from what `state_dict` returned.

        Raises:
            RuntimeError: If it does not fit.
        """
        for name, part in self._arrays().items():
            given = state.get(name)
            if given is None or tuple(given.shape) != part.shape:
                raise RuntimeError(f"{name} must be of shape {part.shape}")
            part[...] = given.numpy()
