"""Trials that begin with exploring and go on with instructions: N rows, R some of them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from .instructed import Instructed

if TYPE_CHECKING:
    from typing_extensions import Unpack

MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1), (0, 0)])  # x, y: left, up, right, down, stay
MOVE_NAMES = ("left", "up", "right", "down", "stay")
STEP_REWARD = -0.1  # for each step of an execution episode that completes nothing


class Errand(Instructed):
    """A square world with a hidden problem, explored without reward before instructions come.

    A family writes `instructions_of`, `begin_world` and `step_world`.

    Args:
        size: Cells along a side.
        problems: How many problems there are.
        instructions: How many instructions there are.
        features: Numbers of an observation besides x, y (one-hot each) and the instruction.
        action_names: Names of the actions, the five moves first.
        steps: Steps of an episode.
        exploration_episodes: Episodes at a trial's start without an instruction.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        *,
        size: int,
        problems: int,
        instructions: int,
        features: int,
        action_names: tuple[str, ...],
        steps: int,
        exploration_episodes: int,
        **core: Unpack[CoreArguments],
    ):
        self.size = size
        self.action_names = action_names
        seen = 2 * size + features + instructions
        super().__init__(
            problems=problems,
            instructions=instructions,
            steps=steps,
            exploration_episodes=exploration_episodes,
            observation_space=spaces.Box(0.0, 1.0, (seen,), np.float32),
            action_space=spaces.Discrete(len(action_names)),
            **core,
        )
        self._place_bits = np.eye(size, dtype=np.float32)
        self._instruction_bits = np.eye(1 + instructions, dtype=np.float32)[:, 1:]
        self.state = {"position": np.zeros((self.num_envs, 2), dtype=np.int64)}

    # ---- what a family writes -------------------------------------------------------------------

    @abstractmethod
    def begin_world(self, rows: np.ndarray) -> None:
        """Put everything of `rows` where an episode begins."""

    @abstractmethod
    def step_world(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Step every row, and return rewards [N] and which instructions are carried out, [N].

        Both count where there is an instruction only.
        """

    @abstractmethod
    def features(self, rows: np.ndarray) -> np.ndarray:
        """Return what `rows` [R] see besides place and instruction, [R, features]."""

    # ---- episodes -------------------------------------------------------------------------------

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the world."""
        super().check_state(state)
        refuse_outside("state.position", state["state.position"], 0, self.size - 1)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` where they begin."""
        self.begin_world(rows)
        if self.render_mode is not None:
            first = rows[self._clock.episode[rows] == 1]
            self._trails.begin_trials(first)
            self._trails.begin_episodes(rows, self.state["position"][rows])
        return self.seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row; without an instruction nothing pays and nothing is carried out."""
        told = self.tasks["instruction"] > 0
        rewards, done = self.step_world(actions)
        rewards, done = np.where(told, rewards, 0.0), done & told
        if self.render_mode is not None:
            self._trails.step(self.state["position"], rewards)
        ended = done | (self.elapsed >= self.steps)
        return self.seen(self.every_row), rewards, ended, {"success": done}

    def seen(self, rows: np.ndarray) -> np.ndarray:
        """Return the observations of `rows`, [R, 2 * size + features + instructions]."""
        position = self.state["position"][rows]
        parts = [
            self._place_bits[position[:, 0]],
            self._place_bits[position[:, 1]],
            self.features(rows),
            self._instruction_bits[self.tasks["instruction"][rows]],
        ]
        return np.concatenate(parts, axis=1)
