"""Chains in which the first action decides, and the reward comes at the end: R rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from gymnasium import spaces

from ..core.arguments import choice
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.splits import held_out
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .pictures import draw_chain

if TYPE_CHECKING:
    from typing_extensions import Unpack

_ACTIONS = 2
_SHORTEST = 5  # steps
_NOISE_BITS = 20
_TEST_SHARE = 4  # one length in this many is held out
_UNDECIDED = 2  # state before the first action


class _Chain(NamedTuple):
    longest: int  # steps
    noisy: bool = False  # rewards of +-1 at random on the way
    distracting: bool = False  # random bits in each observation


_LEVELS = {
    "short": _Chain(30),
    "short_noisy": _Chain(30, noisy=True),
    "long": _Chain(50),
    "long_noisy": _Chain(50, noisy=True),
    "distractor": _Chain(30, distracting=True),
}


class DelayedChain(MetaVectorEnv):
    """A chain whose first action decides, while the reward comes with the last.

    Tasks:
        `"length"`: steps of an episode, 5-30 (`"short"`, `"short_noisy"`, `"distractor"`) or 5-50
        (`"long"`, `"long_noisy"`); `"correct"`: the first action that is right, 0 or 1. Both are
        uniform, and fixed for a lifetime.
    Observation:
        `Discrete(1 + 2 * longest)`: 0 before the first action, then 1 + 2 * (t - 1) + first action
        after t steps. `"distractor"`: `MultiBinary(22)`: whether nothing is decided yet, the first
        action (0 before it), and 20 random bits that are new in each step.
    Action:
        `Discrete(2)`. Only that of the first step matters.
    Reward:
        +1 in the last step if the first action was the correct one, else -1. On the way 0, and in
        the noisy levels +1 or -1 at random. `infos["success"]` marks the last step of an episode
        that was right.
    Episode:
        Terminates after `length` steps. Twenty episodes a trial.
    Splits:
        A quarter of the lengths, spread evenly, is `test`, the rest `train`, both with either
        correct action; `all` is both.
    Source:
        Oh et al. 2020 (LPG), by two re-implementations, which disagree about the correct action:
        one draws it anew in each episode, which leaves nothing to learn. Here it is fixed for a
        lifetime. That the observation tells the first action is ours too: else no
        prediction could. The splits are ours.
    Versions:
        v0.

    Args:
        level: `"short"`, `"short_noisy"`, `"long"`, `"long_noisy"` or `"distractor"`.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If the level is unknown; names the nearest.
    """

    splits = ("train", "test", "all")

    def __init__(self, level: str = "short", **core: Unpack[CoreArguments]):
        self.name = choice("level", level, list(_LEVELS))
        self.level = _LEVELS[self.name]
        lengths = range(_SHORTEST, self.level.longest + 1)
        self._members = tuple(
            {"length": length, "correct": correct}
            for length in lengths
            for correct in range(_ACTIONS)
        )
        self._held_out = held_out(len(lengths), len(lengths) // _TEST_SHARE)
        shown: spaces.Space = spaces.Discrete(1 + _ACTIONS * self.level.longest)
        if self.level.distracting:
            shown = spaces.MultiBinary(2 + _NOISE_BITS)
        super().__init__(
            task_space=spaces.Dict(
                {
                    "length": spaces.Discrete(len(lengths), start=_SHORTEST),
                    "correct": spaces.Discrete(_ACTIONS),
                }
            ),
            observation_space=shown,
            action_space=spaces.Discrete(_ACTIONS),
            **core,
        )
        self.state = {"first": np.full(self.num_envs, _UNDECIDED)}

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a length and the correct action."""
        return dict(self._members[rng.integers(len(self._members))])

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every task, by length."""
        return self._members

    def in_split(self, task: Task) -> bool:
        """Tell whether the task belongs to the split."""
        return bool(self._held_out[int(task["length"]) - _SHORTEST]) == (self.split == "test")

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse first actions that do not exist."""
        super().check_state(state)
        refuse_outside("state.first", state["state.first"], 0, _UNDECIDED)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` before the first action."""
        self.state["first"][rows] = _UNDECIDED
        return self._seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Note the first actions, and pay where a chain ends."""
        first = np.where(self.elapsed == 1, actions, self.state["first"])
        self.state = {"first": first}
        ends = self.elapsed >= self.tasks["length"]
        right = first == self.tasks["correct"]
        on_the_way = np.zeros(self.num_envs)
        if self.level.noisy:
            on_the_way = np.where(self.random.uniform()[:, 0] < 0.5, 1.0, -1.0)
        rewards = np.where(ends, np.where(right, 1.0, -1.0), on_the_way)
        return self._seen(self.every_row), rewards, ends, {"success": ends & right}

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        first, elapsed = self.state["first"][rows], self.elapsed[rows]
        undecided = first == _UNDECIDED
        if not self.level.distracting:
            return np.where(undecided, 0, 1 + _ACTIONS * (elapsed - 1) + first)
        bits = self.random.uniform(rows, _NOISE_BITS) < 0.5
        shown = np.column_stack([undecided, (first == 1), bits])
        return shown.astype(np.int8)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the chain, the first action, and the correct one."""
        first = int(self.state["first"][row])
        return draw_chain(
            self.name,
            length=int(self.tasks["length"][row]),
            step=int(self.elapsed[row]),
            first=None if first == _UNDECIDED else first,
            correct=int(self.tasks["correct"][row]),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
        )
