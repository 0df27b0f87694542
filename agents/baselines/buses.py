"""A player of BusGrid that samples a posterior over where the buses go.

R rows of one call, M learners, P problems, G corners, C cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .base import Baseline, BaselineLoop

_ID = "meta/BusGrid-v0"
_MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # left, up, right, down
_HERE, _RIDE = 4, 5  # stay: a plan's action in the corner itself


class _BusSamplingLoop(BaselineLoop):
    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        city: Any = gym.make_vec(_ID, num_envs=1, **vars(baseline)).unwrapped
        for kind in ("observation", "action"):
            given, wanted = (getattr(one, f"single_{kind}_space") for one in (venv, city))
            if given != wanted:
                raise ValueError(
                    f"{baseline} plays {_ID} with the same arguments, whose {kind}s are {wanted}, "
                    f"not {given}"
                )
        self.size, self.num_corners = city.size, len(city.corners)
        self.map_bits = city.problems if city.shows_map else 0
        self.rides = ride_table(city)
        corners = city.corners[:, 0] * self.size + city.corners[:, 1]
        self.plans = shortest_plans(self.size, self.rides, corners)
        count = len(self.rides)
        self.possible = np.ones((len(self.frozen), count), dtype=bool)  # [M, P]
        self.believed = np.zeros(self.num_rows, dtype=np.int64)  # the sampled problem
        self.aim = np.zeros(self.num_rows, dtype=np.int64)  # a corner, where none is told
        self._due = np.ones(self.num_rows, dtype=bool)  # whether a row must sample a problem
        self._begun = np.ones(self.num_rows, dtype=bool)  # whether it begins an episode

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`: every problem is possible."""
        super().reset(rows)
        self.possible[self.learners(rows)] = True
        self._due[self.rows(rows)] = self._begun[self.rows(rows)] = True

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions [R] of observations [R, ...]: the next step to the corner."""
        where, seen = self.rows(rows), np.asarray(observation)
        self._sample(where, deterministic)
        told = seen[:, -self.num_corners :]
        corner = np.where(told.any(axis=1), told.argmax(axis=1), self.aim[where])
        return self.plans[self.believed[where], corner, self._cells(seen)]

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Rule out the problems in which a ride would have led elsewhere."""
        where, learners = self.rows(rows), self.learners(rows)
        before, after = self._cells(step.observation), self._cells(step.next_observation)
        rode, shown = np.asarray(step.action) == _RIDE, self._map_of(step.next_observation)
        for index, learner in enumerate(learners):
            if self.frozen[learner]:
                continue
            if rode[index]:
                self.possible[learner] &= self.rides[:, before[index]] == after[index]
            if shown is not None and shown[index].any():
                self.possible[learner] &= shown[index] > 0
        ended = np.asarray(step.ended)
        self._due[where] |= ended | ~self.possible[learners, self.believed[where]]
        self._begun[where] |= ended

    def _sample(self, rows: np.ndarray, deterministic: bool) -> None:
        """Draw problems from the posterior, and corners, where they are due."""
        fresh = rows[self._due[rows]]
        if len(fresh):
            noise = None if deterministic else self.random.uniform(fresh, len(self.rides))
            scores = self.possible[self.learners(fresh)].astype(float)
            self.believed[fresh], self._due[fresh] = self.break_ties(scores, noise), False
        fresh = rows[self._begun[rows]]
        if len(fresh):
            drawn = self.random.uniform(fresh, 1)[:, 0] * self.num_corners
            self.aim[fresh], self._begun[fresh] = drawn.astype(np.int64), False

    def _cells(self, observation: Any) -> np.ndarray:
        seen = np.asarray(observation)
        x, y = (seen[:, part * self.size :][:, : self.size].argmax(axis=1) for part in (0, 1))
        return x * self.size + y

    def _map_of(self, observation: Any) -> np.ndarray | None:
        if not self.map_bits:
            return None
        return np.asarray(observation)[:, 2 * self.size + 1 :][:, : self.map_bits]


def ride_table(city: Any) -> np.ndarray:
    """Return the cell to which a ride leads from each cell in each problem of a BusGrid, [P, C]."""
    problems = np.arange(city.problems)
    rides = np.tile(np.arange(city.size**2), (len(problems), 1))
    here = (city.starts[:, 0] * city.size + city.starts[:, 1])[None]
    there = (city.ends[:, 0] * city.size + city.ends[:, 1])[city.destinations(problems)]
    rides[problems[:, None], here] = there
    rides[problems[:, None], there] = here
    return rides


def shortest_plans(size: int, rides: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return the first action on a shortest way to each corner, int [P, G, C].

    Args:
        size: Cells along a side.
        rides: From `ride_table`, [P, C].
        corners: Their cells, [G].
    """
    cells = np.stack(np.divmod(np.arange(size**2), size), axis=1)
    moved = np.clip(cells[None] + _MOVES[:, None], 0, size - 1)
    moves = moved[..., 0] * size + moved[..., 1]  # [4, C]
    count = len(rides)
    left = np.full((count, len(corners), size**2), np.inf)
    left[:, np.arange(len(corners)), corners] = 0
    while True:
        ridden = np.take_along_axis(left, rides[:, None], axis=2)
        ways = np.stack([*(left[:, :, move] for move in moves), left, ridden])  # by action
        nearer = np.minimum(left, 1 + ways.min(axis=0))
        if np.array_equal(nearer, left):
            break
        left = nearer
    plans = ways.argmin(axis=0)
    plans[:, np.arange(len(corners)), corners] = _HERE
    return plans


@dataclass(frozen=True)
class BusPosteriorSampling(Baseline):
    """Carry out errands in BusGrid as if the buses went where a draw from the posterior says.

    The posterior over problems is exact where all are equally probable (split `all`). A problem is
    drawn once an episode, and again when a ride shows that it is another one. While exploring it
    goes to a corner drawn at random, and stays there: it learns what is met on the way, and nothing
    on purpose. PEARL approximates this player.

    Args:
        variant: As of the environment, which it may not read.
        size: Likewise.
        buses: Likewise.

    Source: Strens (2000); as the upper bound of PEARL in Liu et al. 2021 (DREAM), section 6.
    """

    variant: str = "vanilla"
    size: int = 9
    buses: int = 4
    loop: ClassVar[type[BaselineLoop]] = _BusSamplingLoop
