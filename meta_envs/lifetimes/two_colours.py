"""Two squares, one of which pays and one costs, until they change over: N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse, refuse_outside
from .base import LifetimeEnv
from .pictures import draw_two_colours

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))  # cells: up, right, down, left
_TOUCH_REWARD = 1.0  # for the colour that pays; minus this for the other one
_STEP_REWARD = -0.04  # for each step that touches no colour
_AGENT, _BLUE, _RED = range(3)


class TwoColours(LifetimeEnv):
    """A grid with a blue and a red square, one of which pays and one costs; they change over.

    Tasks:
        `"paying"`, `Discrete(2)`: the colour that pays first, 0 blue or 1 red, equally likely.
    Observation:
        One-hot x and y of the agent, the blue and the red square, `Box(0, 1, (30,), float32)` in
        the grid of 5 by 5. Nothing in it tells which colour pays.
    Action:
        `Discrete(4)`: 0 up (y + 1), 1 right (x + 1), 2 down, 3 left. A move against the border has
        no effect.
    Reward:
        +1 for stepping on the colour that pays, -1 for the other one, -0.04 for each other step.
        Every `switch_every` steps of the trial the colours change over.
        `infos["paying"]` is the colour that paid in this step.
    Episode:
        A trial is a life, and begins with all three in different random cells. A colour that is
        touched reappears in a random free cell; the agent stays where it is. Nothing ends a life:
        episodes are only cut, after 1,000 steps, and the next one goes on where the last one was
        cut. Ten episodes a trial; agents of one lifetime, and `evaluate(agent, id, steps=N)`, play
        one trial without end.
    Splits:
        `all`.
    Source:
        Flennerhag et al. 2022 (BMG), section 5.1; Luketina et al. 2022 play 10,000,000 steps. That
        free cells are those of neither the agent nor the other colour is ours.
    Versions:
        v0.

    Args:
        size: Cells along a side, at least 2.
        switch_every: Steps after which the colours change over.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    task_labels = {"paying": ("blue", "red")}

    action_names = ("up", "right", "down", "left")

    def __init__(self, size: int = 5, switch_every: int = 100_000, **core: Unpack[CoreArguments]):
        self.size = whole("size", size, 2)
        self.switch_every = whole("switch_every", switch_every, 1)
        refuse_size("size", self.size, lambda side: side**2 * 8 * (len(_MOVES) + side))
        cells = self.size**2
        super().__init__(
            task_space=spaces.Dict({"paying": spaces.Discrete(2)}),
            observation_space=spaces.Box(0.0, 1.0, (6 * self.size,), np.float32),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        places = np.stack(np.divmod(np.arange(cells), self.size), axis=1)  # x, y of each cell
        moved = np.clip(places[:, None] + np.array(_MOVES), 0, self.size - 1)
        self._moved = moved[..., 0] * self.size + moved[..., 1]  # [cells, moves]
        one_hot = np.eye(self.size, dtype=np.float32)
        self._shown = np.concatenate([one_hot[places[:, 0]], one_hot[places[:, 1]]], axis=1)
        self.state = {
            "cells": np.tile(np.arange(3), (self.num_envs, 1)),  # of agent, blue, red
            "age": np.zeros(self.num_envs, dtype=np.int64),  # steps of the trial
        }

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the colour that pays first."""
        return {"paying": rng.integers(2)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({"paying": 0}, {"paying": 1})

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse cells outside the grid, and two things in one cell."""
        super().check_state(state)
        cells, age = state["state.cells"], state["state.age"]
        refuse("state.age", age, age < 0, "at least 0")
        refuse_outside("state.cells", cells, 0, self.size**2 - 1)
        for one, other in ((0, 1), (0, 2), (1, 2)):
            shared = np.zeros(cells.shape, dtype=bool)
            shared[:, one] = cells[:, one] == cells[:, other]
            refuse("state.cells", cells, shared, "another cell than that of another thing")

    def paying(self) -> np.ndarray:
        """Return the colour that pays in the current step, 0 blue or 1 red, [N]."""
        switches = np.maximum(self.state["age"] - 1, 0) // self.switch_every
        return (self.tasks["paying"] + switches) % 2

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put agent and colours into different cells where a life begins; others go on."""
        new = self.begins(rows)
        drawn = self.random.uniform(new, 3)
        agent = self._free(drawn[:, :1], np.empty((len(new), 0), dtype=np.int64))
        blue = self._free(drawn[:, 1:2], agent[:, None])
        red = self._free(drawn[:, 2:], np.stack([agent, blue], axis=1))
        self.state["cells"][new] = np.stack([agent, blue, red], axis=1)
        self.state["age"][new] = 0
        self.begin_life(new)
        return self._seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every agent; colours that are touched reappear elsewhere."""
        cells, age = self.state["cells"], self.state["age"]
        age += 1
        cells[:, _AGENT] = self._moved[cells[:, _AGENT], actions]
        paying = self.paying()
        rewards = np.full(self.num_envs, _STEP_REWARD)
        touched = cells[:, 1:] == cells[:, :1]
        if touched.any():  # at most one colour a row
            rows, colors = np.nonzero(touched)
            rewards[rows] = np.where(paying[rows] == colors, _TOUCH_REWARD, -_TOUCH_REWARD)
            taken = np.stack([cells[rows, _AGENT], cells[rows, _RED - colors]], axis=1)
            cells[rows, _BLUE + colors] = self._free(self.random.uniform(rows), taken)
        self.note(rewards)
        ended = np.zeros(self.num_envs, dtype=bool)
        return self._seen(self.every_row), rewards, ended, {"paying": paying}

    def _free(self, uniform: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Turn uniform numbers [R, 1] into cells [R] other than those taken [R, ...]."""
        cells = (uniform[:, 0] * (self.size**2 - taken.shape[1])).astype(np.int64)
        for column in np.sort(taken, axis=1).T:
            cells += cells >= column
        return cells

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        return self._shown[self.state["cells"][rows]].reshape(len(rows), -1)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the grid, which colour pays, and the rewards of this life."""
        places = [divmod(cell, self.size) for cell in self.state["cells"][row].tolist()]
        return draw_two_colours(
            self.size,
            places,
            paying=int(self.paying()[row]),
            life=self.life_of(row),
            step=int(self.state["age"][row]),
            to_switch=self.switch_every - int(self.state["age"][row]) % self.switch_every,
        )
