"""PEARL's and VariBAD's points: a goal in a square, and one on a half circle with sparse reward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import choice, positive
from ..core.core_arguments import CoreArguments
from ..core.splits import interleave
from ..core.tasks import Task, Tasks
from .base import PointEnv
from .pictures import Scene

if TYPE_CHECKING:
    from typing_extensions import Unpack

_STEP = 0.1  # along each axis, for an action of 1
_SQUARE = 1.0  # goals and starts of PointGoal are in the square from minus to plus this
_RADIUS = 0.2  # of SparsePoint's goals
_N_TASKS, _N_TRAIN = 100, 80  # PEARL's tasks; the first 80 are for training
_PEARL_SEED = 1337  # of NumPy's legacy generator, which drew the published tasks
_SOURCES = {"pearl": 20, "varibad": 100}  # steps of an episode


class PointGoal(PointEnv):
    """A point that starts anywhere in a square and is rewarded for being near a hidden goal in it.

    Tasks:
        `"goal"` float64 [2]: x and y, one of the 100 published goals, drawn once,
        uniformly from [-1, 1]^2. Any other place in the square may be set.
    Observation:
        x and y of the point, `Box(-inf, inf, (2,), float32)`. The goal is not in it.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the point moves by 0.1 times it.
    Reward:
        Minus the distance from the goal after the move; `infos["distance"]` is that distance.
    Episode:
        Begins uniformly in [-1, 1]^2; truncated after 20 steps. Three episodes a trial.
    Splits:
        The source's: the first 80 goals `train`, the other 20 `test`.
    Source:
        The code of Rakelly et al. 2019 (PEARL), `point-robot`; its goals are those of NumPy's
        legacy generator with seed 1337.
    Versions:
        v0.

    Args:
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.
    """

    splits = ("train", "test", "all")

    def __init__(self, **core: Unpack[CoreArguments]):
        numbers = np.random.RandomState(_PEARL_SEED)
        self._goals = numbers.uniform(-_SQUARE, _SQUARE, (_N_TASKS, 2))
        self._train_goals = {tuple(goal) for goal in self._goals[:_N_TRAIN].tolist()}
        super().__init__(
            task_space=spaces.Dict({"goal": spaces.Box(-_SQUARE, _SQUARE, (2,), np.float64)}),
            step_size=_STEP,
            extent=1.25,
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw one of the 100 goals."""
        return {"goal": self._goals[rng.integers(_N_TASKS)]}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return the 100 goals in the source's order."""
        return tuple({"goal": goal} for goal in self._goals)

    def in_split(self, task: Task) -> bool:
        """Tell whether the goal belongs to the split; goals not in the table count as test."""
        return (tuple(task["goal"].tolist()) in self._train_goals) == (self.split == "train")

    def goals_of(self, tasks: Tasks) -> np.ndarray:
        """Return the goals, [R, 2]."""
        return tasks["goal"]

    def starts(self, rows: np.ndarray) -> np.ndarray:
        """Draw starts in the square, [R, 2]."""
        return _SQUARE * (2.0 * self.random.uniform(rows, 2) - 1.0)


class SparsePoint(PointEnv):
    """A point that looks for a goal on a half circle, which pays only nearby.

    Tasks:
        `"angle"` float64: angle of the goal in [0, pi] radians; the goal is (cos angle, sin angle).
        Source `"pearl"`: one of 100 equally spaced angles; `"varibad"`: uniform.
    Observation:
        x and y of the point, `Box(-inf, inf, (2,), float32)`. The goal is not in it.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the point moves by 0.1 times it.
    Reward:
        `"sparse"`: 1 minus the distance from the goal where that is at most 0.2, else 0. `"dense"`:
        minus the distance, for training. `infos` has both (`sparse_reward`, `dense_reward`), the
        `distance`, and `success`, whether it is at most 0.2.
    Episode:
        Begins at (0, 0); truncated after 20 steps (`"pearl"`) or 100 (`"varibad"`). Three episodes
        a trial.
    Splits:
        `"pearl"`: the source's: the first 80 of the shuffled angles `train`, the other 20 `test`.
        `"varibad"`: even and odd cells of the angle (`core.splits.interleave`); the source trains
        and tests on `all`.
    Source:
        The code of Rakelly et al. 2019 (PEARL), `sparse-point-robot`, whose steps return the
        dense reward and report the sparse one in info; angles shuffled by NumPy's legacy generator
        with seed 1337. The code of Zintgraf et al. 2020 (VariBAD), which returns the sparse one.
    Versions:
        v0.

    Args:
        source: `"pearl"` or `"varibad"`: the source of tasks, splits and horizon.
        reward: `"sparse"` or `"dense"`.
        steps: Steps after which an episode is cut; None for the source's 20 or 100.
            A smaller `max_episode_steps` truncates earlier.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is not one of these.
    """

    splits = ("train", "test", "all")
    goal_radius = _RADIUS

    def __init__(
        self,
        source: str = "pearl",
        reward: str = "sparse",
        steps: int | None = None,
        **core: Unpack[CoreArguments],
    ):
        self.source = choice("source", source, _SOURCES)
        self.steps = _SOURCES[source] if steps is None else positive("steps", steps)
        self._angles = np.linspace(0.0, np.pi, _N_TASKS)
        np.random.RandomState(_PEARL_SEED).shuffle(self._angles)
        self._train_angles = set(self._angles[:_N_TRAIN].tolist())
        # The horizon depends on an argument, so it is set here and not in the registry table.
        cut = core.get("max_episode_steps")
        if cut is not None:
            cut = min(positive("max_episode_steps", cut), self.steps)
        core["max_episode_steps"] = self.steps if cut is None else cut
        super().__init__(
            task_space=spaces.Dict({"angle": spaces.Box(0.0, np.pi, (), np.float64)}),
            step_size=_STEP,
            reward=reward,
            kinds=("sparse", "dense"),
            extent=1.35,
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw an angle."""
        if self.source == "pearl":
            return {"angle": self._angles[rng.integers(_N_TASKS)]}
        return {"angle": rng.uniform(0.0, np.pi)}

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return PEARL's 100 angles, shuffled as in its code; None for VariBAD."""
        if self.source == "pearl":
            return tuple({"angle": angle} for angle in self._angles)
        return None

    def in_split(self, task: Task) -> bool:
        """Tell whether the angle belongs to the split; one outside PEARL's table counts as test."""
        angle = float(task["angle"])
        if self.source == "pearl":
            return (angle in self._train_angles) == (self.split == "train")
        return interleave(angle, 0.0, np.pi) == self.split

    def goals_of(self, tasks: Tasks) -> np.ndarray:
        """Return the goals, [R, 2]."""
        return np.stack([np.cos(tasks["angle"]), np.sin(tasks["angle"])], axis=1)

    def rewards_of(
        self, before: np.ndarray, after: np.ndarray, distance: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return the sparse and the dense reward, [N] each."""
        sparse = np.where(distance <= _RADIUS, 1.0 - distance, 0.0)
        return {"sparse": sparse, "dense": -distance}

    def more_infos(self, after: np.ndarray, distance: np.ndarray) -> dict[str, np.ndarray]:
        """Return `success` [N]."""
        return {"success": distance <= _RADIUS}

    def scene(self, row: int) -> Scene:
        """Return the goal, its radius, and its other possible places."""
        angles = np.linspace(0.0, np.pi, 31).tolist()
        others = tuple((float(np.cos(angle)), float(np.sin(angle))) for angle in angles)
        return Scene(goal=self.goals[row], extent=self.extent, radius=_RADIUS, others=others)
