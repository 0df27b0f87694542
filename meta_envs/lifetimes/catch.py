"""A falling ball to catch: N rows, R some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from .base import LifetimeEnv
from .pictures import draw_catch

if TYPE_CHECKING:
    from typing_extensions import Unpack

_CELL = 8  # side of a cell, pixels
_WHITE = 255


class Catch(LifetimeEnv):
    """A ball that falls through a grid, and a paddle at the bottom that is to catch it.

    Tasks:
        `"mirrored"`, `Discrete(2)`: 1 if the first action moves to the right and the last to the
        left; equally likely. bsuite's Catch is the task 0.
    Observation:
        The board, row by row, with 1 at the ball and at the paddle: `Box(0, 1, (50,), float32)` of
        10 by 5 cells; or, with `pixels=True`, a picture of 8 by 8 pixels a cell, 255 there,
        `Box(0, 255, (80, 40, 1), uint8)`.
    Action:
        `Discrete(3)`: 0 left, 1 stay, 2 right. A move against the border has no effect.
    Reward:
        0 for each step but the last, which pays +1 if the ball is caught and -1 if not;
        `infos["success"]` says whether it is. The best return is 1 on boards of at least half as
        many rows as columns.
    Episode:
        The ball begins in a random column of the top row, the paddle in the middle of the bottom
        row. The ball falls one row a step; the episode terminates when it is in the bottom row,
        after 9 steps on 10 rows. Ten episodes a trial.
    Splits:
        `all`.
    Source:
        Mnih et al. 2014, as in bsuite's `catch` (Osband et al. 2020). `"mirrored"` is ours.
    Versions:
        v0.

    Args:
        size: Rows, at least 2, and columns of the board.
        pixels: Whether to observe a picture.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    task_labels = {"mirrored": ("no", "yes")}

    action_names = ("left", "stay", "right")

    def __init__(
        self,
        size: Sequence[int] = (10, 5),
        pixels: bool = False,
        **core: Unpack[CoreArguments],
    ):
        if not isinstance(size, list | tuple) or len(size) != 2:
            raise ValueError(f"size={size!r} must be (rows, columns), e.g. (10, 5)")
        self.height = whole("size[0]", size[0], 2)
        self.width = whole("size[1]", size[1], 1)
        self.pixels = flag("pixels", pixels)
        cell = _CELL**2 if self.pixels else 4
        refuse_size("size[0]", self.height, lambda rows: rows * cell)
        refuse_size("size[1]", self.width, lambda columns: columns * self.height * cell)
        seen: spaces.Space = spaces.Box(0.0, 1.0, (self.height * self.width,), np.float32)
        if self.pixels:
            shape = (self.height * _CELL, self.width * _CELL, 1)
            seen = spaces.Box(0, _WHITE, shape, np.uint8)
        super().__init__(
            task_space=spaces.Dict({"mirrored": spaces.Discrete(2)}),
            observation_space=seen,
            action_space=spaces.Discrete(3),
            **core,
        )
        self.state = {
            key: np.zeros(self.num_envs, dtype=np.int64) for key in ("row", "column", "paddle")
        }

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw whether the actions are mirrored."""
        return {"mirrored": rng.integers(2)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({"mirrored": 0}, {"mirrored": 1})

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the board."""
        super().check_state(state)
        refuse_outside("state.row", state["state.row"], 0, self.height - 1)
        for key in ("state.column", "state.paddle"):
            refuse_outside(key, state[key], 0, self.width - 1)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, the last trial's returns."""
        self.begin_life(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Let a ball fall in `rows`."""
        self.state["row"][rows] = 0
        self.state["column"][rows] = (self.random.uniform(rows)[:, 0] * self.width).astype(np.int64)
        self.state["paddle"][rows] = self.width // 2
        return self._seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every paddle and ball."""
        moves = (actions - 1) * (1 - 2 * self.tasks["mirrored"])
        paddle = np.clip(self.state["paddle"] + moves, 0, self.width - 1)
        self.state = {**self.state, "row": self.state["row"] + 1, "paddle": paddle}
        ended = self.state["row"] == self.height - 1
        caught = ended & (self.state["column"] == paddle)
        rewards = np.where(ended, np.where(caught, 1.0, -1.0), 0.0)
        self.note(rewards, ended)
        return self._seen(self.every_row), rewards, ended, {"success": caught}

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        board = np.zeros((len(rows), self.height, self.width), dtype=np.float32)
        which, state = np.arange(len(rows)), self.state
        board[which, state["row"][rows], state["column"][rows]] = 1.0
        board[which, -1, state["paddle"][rows]] = 1.0
        if not self.pixels:
            return board.reshape(len(rows), -1)
        frames = (board.astype(np.uint8) * _WHITE).repeat(_CELL, axis=1).repeat(_CELL, axis=2)
        return frames[..., None]

    def render_row(self, row: int) -> np.ndarray:
        """Draw the board, and the returns of this trial."""
        return draw_catch(
            (self.height, self.width),
            ball=(int(self.state["row"][row]), int(self.state["column"][row])),
            paddle=int(self.state["paddle"][row]),
            mirrored=bool(self.tasks["mirrored"][row]),
            life=self.life_of(row),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
        )
