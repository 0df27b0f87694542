"""Play that inspects what a family's own methods return, before the core sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.single import MetaEnv
from ..core.vector import MetaVectorEnv
from .case import Case, LawBroken
from .values import Fault

ROWS = 3
_SEED = 20  # seed of row 0

# Called with what a method returned and its number of rows (None: a scalar family).
Look = Callable[[Any, int | None], Fault | None]


class Words(NamedTuple):
    """What authors of one kind of family write, in their terms."""

    base: type
    begin: str
    step: str
    arguments: dict[str, tuple[str, ...]]  # arguments of the methods the core calls
    must: tuple[str, ...]  # methods that must be written


_TASK_METHODS = {
    "draw_task": ("rng",),
    "in_split": ("task",),
    "check_task": ("task",),
    "all_tasks": (),
    "next_task": ("task", "episode", "rng"),
    "mutate_task": ("task", "rng"),
    "check_bank": ("bank",),
}
BATCHED = Words(
    MetaVectorEnv,
    "begin_episodes",
    "step_rows",
    {
        **_TASK_METHODS,
        "begin_episodes": ("rows",),
        "step_rows": ("actions",),
        "apply_tasks": ("rows",),
        "render_row": ("row",),
    },
    ("draw_task", "begin_episodes", "step_rows"),
)
SCALAR = Words(
    MetaEnv,
    "begin_episode",
    "step",
    {**_TASK_METHODS, "begin_episode": (), "step": ("action",), "render": ()},
    ("draw_task", "begin_episode", "step"),
)


class Watched:
    """A family's own environment: three rows of a batched family, or a scalar one.

    Args:
        case: The id under test, for complaints.
        **more: Further arguments to make it with.
    """

    def __init__(self, case: Case, **more: Any):
        self.case = case
        self.batched = case.batched
        self.words = BATCHED if self.batched else SCALAR
        self.steps = 0
        if case.horizon is not None:  # not truncated, unlike most play in the laws
            more.setdefault("max_episode_steps", case.horizon)
        self.env: Any = case.make_vec(ROWS, **more) if self.batched else case.make(**more)
        self.inside: Any = self.env if self.batched else self.env.unwrapped

    @property
    def space(self) -> spaces.Space:
        """The observation space of one row."""
        return self.inside.single_observation_space if self.batched else self.env.observation_space

    def look(self, method: str, at: Look) -> None:
        """Have `at` inspect whatever a method returns; complain about any fault it finds."""
        write = getattr(self.inside, method)

        def watched(*given: Any) -> Any:
            value = write(*given)
            rows = np.arange(ROWS if self.batched else 1)
            if method == BATCHED.begin:
                rows = given[0]
            fault = at(value, len(rows) if self.batched else None)
            if fault is not None:
                raise self.complaint(method, fault, rows)
            return value

        setattr(self.inside, method, watched)

    def complaint(self, method: str, fault: Fault, rows: np.ndarray) -> LawBroken:
        """Return the complaint about what a method returned."""
        case = self.case
        row = None if fault.row is None else int(rows[fault.row])
        case.seed = _SEED + (row or 0) if not self.batched or row is not None else _SEED
        if self.batched:
            tasks = self.inside.tasks
            case.task = None if row is None or tasks is None else _tasks.at(tasks, row)
        else:
            case.task = self.inside.task
        return case.broken(f"{method} returned {fault.seen}{self._when(method, row)}", fault.do)

    def _when(self, method: str, row: int | None) -> str:
        if method == self.words.begin:
            return ""
        if self.batched:
            step = int(self.inside.elapsed[row or 0])
            return f" (step {step} of an episode{'' if row is None else f', row {row}'})"
        return f" (step {self.steps} of an episode)"

    def play(self, steps: int, to_first_ends: bool = False) -> np.ndarray:
        """Play random actions.

        Args:
            steps: Most steps to play.
            to_first_ends: Whether to stop once an episode has ended in every row.

        Returns:
            Whether an episode has ended in each row, bool [rows].
        """
        env, ended = self.env, np.zeros(ROWS if self.batched else 1, dtype=bool)
        self.case.seed = _SEED
        env.reset(seed=_SEED)
        env.action_space.seed(_SEED)
        for step in range(1, steps + 1):
            self.steps += 1
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            ended |= np.asarray(terminated | truncated)
            if to_first_ends and ended.all():
                break
            if not self.batched and (terminated or truncated):
                self.steps = 0
                env.reset()
            elif self.batched and step == 2:  # reset only some of the rows
                env.reset(options={"reset_mask": np.arange(ROWS) == 1})
        return ended
