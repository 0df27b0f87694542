"""Rows played by Meta-World's own environments, in this process. N rows, R some of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import upstream
from .upstream import Episode

# What every environment's info has, and upstream's value for environments that leave it out.
INFOS = (
    "success",
    "near_object",
    "grasp_reward",
    "in_place_reward",
    "obj_to_target",
    "unscaled_reward",
)
OBSERVATION = 39
Outcome = tuple[np.ndarray, np.ndarray, np.ndarray]  # observations, rewards [R], infos [6, R]


class OriginalRows:
    """Rows that upstream's `step` plays in turn, through one environment per name.

    Args:
        num_rows: N.
        reward_version: `"v2"` or `"v1"`.
    """

    def __init__(self, num_rows: int, reward_version: str):
        self._version = reward_version
        self._names: list[str] = [""] * num_rows
        self._episodes: list[Episode | None] = [None] * num_rows
        self.rows = np.zeros(0, dtype=np.int64)

    def begin(self, rows: np.ndarray, names: Sequence[str], goals: np.ndarray) -> np.ndarray:
        """Begin an episode in each of `rows` and return the first observations [R, 39].

        Args:
            rows: Indices [R].
            names: Names of the environments, R.
            goals: Goals [R, 6].
        """
        observations = np.empty((len(rows), OBSERVATION))
        for place, (row, name) in enumerate(zip(rows.tolist(), names, strict=True)):
            beginning = upstream.begin(name, goals[place], self._version)
            self._names[row], self._episodes[row] = name, Episode(beginning)
            observations[place] = beginning.observation
        self._count()
        return observations

    def leave(self, rows: np.ndarray) -> None:
        """Stop playing these rows; those that are not being played are ignored."""
        for row in rows.tolist():
            self._episodes[row] = None
        self._count()

    def step(self, actions: np.ndarray) -> Outcome:
        """Step the rows that are played, in the order of `self.rows`.

        Args:
            actions: Actions, float32 [R, 4].
        """
        count = len(self.rows)
        observations, rewards = np.empty((count, OBSERVATION)), np.empty(count)
        infos = np.empty((len(INFOS), count))
        for place, row in enumerate(self.rows.tolist()):
            episode = self._episodes[row]
            assert episode is not None
            environment = upstream.original(self._names[row], self._version)
            observations[place], rewards[place], info = environment.step(episode, actions[place])
            infos[:, place] = [info[key] for key in INFOS]
        return observations, rewards, infos

    def episodes(self) -> dict[int, tuple[str, Episode]]:
        """Return what rows can continue from: names of environments and episodes, by row."""
        return {
            row: (self._names[row], episode)
            for row, episode in enumerate(self._episodes)
            if episode is not None
        }

    def go_on(self, episodes: dict[int, tuple[str, Episode]]) -> None:
        """Continue from what `episodes` returned."""
        for row, (name, episode) in episodes.items():
            self._names[row], self._episodes[row] = name, episode
        self._count()

    def physics_state(self, row: int) -> np.ndarray:
        """Return MuJoCo's state of a row."""
        episode = self._episodes[row]
        assert episode is not None
        return episode.state

    def close(self) -> None:
        """Do nothing: environments are kept for later use."""

    def _count(self) -> None:
        played = [row for row, episode in enumerate(self._episodes) if episode is not None]
        self.rows = np.array(played, dtype=np.int64)
