"""What all points in the plane share: moves, distances, kinds of reward, trails, the picture.

N rows, R some of them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import choice, number
from ..core.core_arguments import CoreArguments
from ..core.tasks import Task, Tasks
from ..core.vector import MetaVectorEnv
from ..pictures.trails import Trails
from .pictures import Scene, draw_plane

if TYPE_CHECKING:
    from typing_extensions import Unpack

_FARTHEST = 1e6  # largest displacement by one action


class PointEnv(MetaVectorEnv):
    """A point in the plane that moves by its action, and a goal that it does not observe.

    A family writes `draw_task`, `goals_of` and, where they differ, `starts`, `move`, `rewards_of`
    and `arrived`. `state["position"]` is float64 [N, 2].

    Args:
        task_space: Space of all tasks.
        step_size: Distance moved by the largest action, along each axis.
        reward: Kind of reward that steps return.
        kinds: The kinds of reward there are; `infos` carries each as `<kind>_reward`.
        extent: Smallest value of half the side of the picture.
        n_observed: Length of an observation; the position comes first.
        action_bound: Largest absolute action, which moves the point by `step_size`.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If `reward` is not one of `kinds`, or `action_bound` not positive.
    """

    goal_radius: float | None = None  # shown in pictures

    def __init__(
        self,
        *,
        task_space: spaces.Dict,
        step_size: float,
        reward: str = "dense",
        kinds: tuple[str, ...] = ("dense",),
        extent: float = 1.0,
        n_observed: int = 2,
        action_bound: float = 1.0,
        **core: Unpack[CoreArguments],
    ):
        self.step_size = step_size
        self.action_bound = number("action_bound", action_bound, above=0.0, high=_FARTHEST)
        self.reward = choice("reward", reward, kinds)
        self.extent = extent
        super().__init__(
            task_space=task_space,
            observation_space=spaces.Box(-np.inf, np.inf, (n_observed,), np.float32),
            action_space=spaces.Box(-self.action_bound, self.action_bound, (2,), np.float32),
            **core,
        )
        self.goals = np.zeros((self.num_envs, 2))  # of the current tasks
        self.state = {"position": np.zeros((self.num_envs, 2))}
        self._trails = Trails(self.num_envs)  # for pictures

    # ---- what a family writes ------------------------------------------------------------------

    @abstractmethod
    def goals_of(self, tasks: Tasks) -> np.ndarray:
        """Return where the goals of tasks (arrays [R, ...]) are, float64 [R, 2]."""

    def starts(self, rows: np.ndarray) -> np.ndarray:
        """Return where the episodes of `rows` begin, float64 [R, 2]; here the origin."""
        return np.zeros((len(rows), 2))

    def move(self, position: np.ndarray, push: np.ndarray) -> np.ndarray:
        """Return where points at `position` [N, 2] end up when pushed by `push` [N, 2]."""
        return position + push

    def rewards_of(
        self, before: np.ndarray, after: np.ndarray, distance: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return every kind of reward of a step, [N] each.

        Args:
            before: Positions before the step [N, 2].
            after: Positions after the step [N, 2].
            distance: Distance from the goals after the step [N].
        """
        return {"dense": -distance}

    def arrived(self, infos: dict[str, np.ndarray]) -> np.ndarray:
        """Tell from the infos of a step which rows end with it, at their goal: bool [N]."""
        return np.zeros(self.num_envs, dtype=bool)

    def more_infos(self, after: np.ndarray, distance: np.ndarray) -> dict[str, np.ndarray]:
        """Return additional infos, arrays [N]."""
        return {}

    def scene(self, row: int) -> Scene:
        """Return what the picture of a row shows beside its trails."""
        return Scene(goal=self.goals[row], extent=self.extent, radius=self.goal_radius)

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the action that goes straight to the goal of a task, at the highest useful speed.

        Args:
            observation: Observation of one row, [2].
            task: The task of the row.

        Returns:
            float32 [2].
        """
        goal = self.goals_of({key: np.asarray(value)[None] for key, value in task.items()})[0]
        way = (goal - observation[:2]) / self.step_size
        return (np.clip(way, -1.0, 1.0) * self.action_bound).astype(np.float32)

    # ---- what the core calls -------------------------------------------------------------------

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Look up the goals, and forget, for pictures, where the last trial went."""
        self.goals[rows] = self.goals_of({key: part[rows] for key, part in self.tasks.items()})
        self._trails.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` on their starts."""
        self.state["position"][rows] = self.starts(rows)
        if self.render_mode is not None:
            self._trails.begin_episodes(rows, self.state["position"][rows])
        return self.observe(rows)

    def observe(self, rows: np.ndarray) -> np.ndarray:
        """Return what `rows` see, float32 [R, n]; here the position."""
        return self.state["position"][rows].astype(np.float32)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row; `infos` has the `distance` from the goal and every kind of reward."""
        before = self.state["position"]
        after = self.move(before, actions.astype(np.float64) * (self.step_size / self.action_bound))
        self.state["position"] = after
        distance = norms(after - self.goals)
        rewards = self.rewards_of(before, after, distance)
        if self.render_mode is not None:
            self._trails.step(after, rewards[self.reward])
        infos: dict[str, Any] = {f"{kind}_reward": paid for kind, paid in rewards.items()}
        infos["distance"] = distance
        infos.update(self.more_infos(after, distance))
        terminated = self.arrived(infos)
        return self.observe(self.every_row), rewards[self.reward].copy(), terminated, infos

    def render_row(self, row: int) -> np.ndarray:
        """Draw the plane, the hidden goal, and the paths of this trial."""
        return draw_plane(
            type(self).__name__,
            self._trails.of(row),
            self.scene(row),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.max_episode_steps),
        )


def norms(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths [N] of vectors [N, 2], element by element: no row depends on another."""
    x, y = vectors[:, 0], vectors[:, 1]
    return np.sqrt(x * x + y * y)
