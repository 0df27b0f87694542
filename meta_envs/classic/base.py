"""What the classic control problems share: random constants, starts, pictures. N rows, R some."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.splits import interleave
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from ..pictures.drawing import Canvas
from .pictures import Gauge, open_page

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Constant(NamedTuple):
    """One constant of the physics that differs between tasks."""

    nominal: float  # Gymnasium's value
    low: float
    high: float


class ClassicControl(MetaVectorEnv):
    """A classic control problem whose constants are the task.

    A problem names its `constants` and writes `begin` and `move`; its state is one array [N] for
    each name in `limits`.

    Args:
        observation_space: Space of one row's observations.
        action_space: Space of one row's actions.
        nominal: Whether every task is Gymnasium's own.
        **core: Arguments of `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits: tuple[str, ...] = ("train", "test", "all")

    constants: ClassVar[Mapping[str, Constant]]
    limits: ClassVar[Mapping[str, tuple[float, float]]]  # of each part of the state

    def __init__(
        self,
        observation_space: spaces.Box,
        action_space: spaces.Space,
        nominal: bool,
        **core: Unpack[CoreArguments],
    ):
        self.nominal = flag("nominal", nominal)
        if self.nominal:
            self.splits = ("all",)  # one task: nothing to hold out
        self._low = np.array([one.low for one in self.constants.values()])
        self._width = np.array([one.high for one in self.constants.values()]) - self._low
        super().__init__(
            task_space=spaces.Dict(
                {
                    key: spaces.Box(one.low, one.high, (), np.float64)
                    for key, one in self.constants.items()
                }
            ),
            observation_space=observation_space,
            action_space=action_space,
            **core,
        )
        self.state = {key: np.zeros(self.num_envs) for key in self.limits}
        self._totals = np.zeros(self.num_envs)  # for pictures
        self._pushes = np.zeros(self.num_envs)  # for pictures: last actions, -1 to 1

    @abstractmethod
    def begin(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return first states, arrays [R], from uniform numbers [R, parts of the state]."""

    @abstractmethod
    def move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Move `self.state` one step on; return rewards [N], terminated [N], infos."""

    @abstractmethod
    def observe(self, state: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return what is seen of states [R], float32 [R, ...]."""

    @abstractmethod
    def draw_scene(self, canvas: Canvas, row: int) -> None:
        """Draw one row into the middle of a canvas."""

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw every constant uniformly, or return the nominal ones."""
        if self.nominal:
            return {key: one.nominal for key, one in self.constants.items()}
        drawn = self._low + self._width * rng.random(len(self._low))
        return dict(zip(self.constants, drawn, strict=True))

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return the nominal task if it is the only one."""
        if not self.nominal:
            return None
        return ({key: one.nominal for key, one in self.constants.items()},)

    def in_split(self, task: Task) -> bool:
        """Tell whether the first constant lies in a cell of the split."""
        key, one = next(iter(self.constants.items()))
        return interleave(float(task[key]), one.low, one.high) == self.split

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse states that no step reaches."""
        super().check_state(state)
        for key, (low, high) in self.limits.items():
            refuse_outside(f"state.{key}", state[f"state.{key}"], low, high)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Draw first states for `rows`."""
        begun = self.begin(self.random.uniform(rows, len(self.limits)))
        for key, values in begun.items():
            self.state[key][rows] = values
        if self.render_mode is not None:
            self._totals[rows] = self._pushes[rows] = 0.0
        return self.observe(begun)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row."""
        rewards, terminated, infos = self.move(actions)
        if self.render_mode is not None:
            self._totals += rewards
            self._pushes = self.push_of(actions)
        return self.observe(self.state), rewards, terminated, infos

    def push_of(self, actions: np.ndarray) -> np.ndarray:
        """Return the direction and strength of actions, -1 to 1, for pictures; here of 0, 1, 2."""
        return actions - 1.0

    def render_row(self, row: int) -> np.ndarray:
        """Draw the scene, and the hidden constants below it."""
        gauges = [
            Gauge(key, float(self.tasks[key][row]), one.low, one.high, one.nominal)
            for key, one in self.constants.items()
        ]
        canvas = open_page(
            type(self).__name__,
            gauges,
            total=float(self._totals[row]),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.max_episode_steps),
        )
        self.draw_scene(canvas, row)
        return canvas.array()
