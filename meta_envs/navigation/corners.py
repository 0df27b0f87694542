"""ProMP's points: one of four corners is the goal; a corner alone, and behind ring walls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import number
from ..core.core_arguments import CoreArguments
from ..core.splits import interleave
from ..core.tasks import Task, Tasks
from .base import PointEnv, norms
from .pictures import Ring, Scene

if TYPE_CHECKING:
    from typing_extensions import Unpack

CORNERS = np.array([[-2.0, -2.0], [2.0, -2.0], [-2.0, 2.0], [2.0, 2.0]])
_KINDS = ("sparse", "dense", "dense_squared")
_START = 0.2  # starts are in the square from minus to plus this
_STEP = 0.2  # along each axis, for an action of 1
_EXTENT = 2.6  # half the side of the picture
_HOME = 0.5  # sum of |x| and |y| below which PointCorner pays nothing
NEAR = 2.0  # distance from the goal below which PointWalls and PointMomentum pay
_RINGS = (1.0, 2.0)  # radii of the walls, inner and outer
_OPENING = 1.0  # distance from a gap within which a point can pass the wall
_SKIN = 1e-6  # a point that runs into a wall is put this far inside it


class CornerEnv(PointEnv):
    """A point whose goal is a corner; `infos["corner"]` is the one it is nearest to.

    `infos["corner"]` int64 [N] is -1 while |x| + |y| is below 0.5.

    Args:
        reward: `"sparse"`, `"dense"` (minus the distance from the goal) or `"dense_squared"`.
        more_tasks: What a task holds besides the corner.
        step_size: Distance moved by the largest action, along each axis.
        n_observed: Length of an observation.
        action_bound: As in `PointEnv`.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If `reward` is not one of these, or `action_bound` not positive.
    """

    def __init__(
        self,
        *,
        reward: str,
        more_tasks: dict[str, spaces.Space] | None = None,
        step_size: float = _STEP,
        n_observed: int = 2,
        action_bound: float = 1.0,
        **core: Unpack[CoreArguments],
    ):
        super().__init__(
            task_space=spaces.Dict({"corner": spaces.Discrete(4), **(more_tasks or {})}),
            step_size=step_size,
            reward=reward,
            kinds=_KINDS,
            extent=_EXTENT,
            n_observed=n_observed,
            action_bound=action_bound,
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a corner."""
        return {"corner": rng.integers(4)}

    def goals_of(self, tasks: Tasks) -> np.ndarray:
        """Return the corners, [R, 2]."""
        return CORNERS[tasks["corner"]]

    def starts(self, rows: np.ndarray) -> np.ndarray:
        """Draw starts around the origin, [R, 2]."""
        return _START * (2.0 * self.random.uniform(rows, 2) - 1.0)

    def sparse(self, before: np.ndarray, after: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return the sparse reward [N]; here the progress made within 2 of the goal."""
        progress = norms(before - self.goals) - distance
        return np.where(distance < NEAR, progress, 0.0)

    def rewards_of(
        self, before: np.ndarray, after: np.ndarray, distance: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return the three kinds of reward, [N] each."""
        return {
            "sparse": self.sparse(before, after, distance),
            "dense": -distance,
            "dense_squared": -(distance * distance),
        }

    def more_infos(self, after: np.ndarray, distance: np.ndarray) -> dict[str, np.ndarray]:
        """Return `corner` [N]."""
        nearest = (after[:, 0] > 0).astype(np.int64) + 2 * (after[:, 1] > 0)
        return {"corner": np.where(_at_home(after), -1, nearest)}

    def scene(self, row: int) -> Scene:
        """Return the goal and the other corners."""
        others = tuple((float(x), float(y)) for x, y in CORNERS.tolist())
        return Scene(
            goal=self.goals[row], extent=self.extent, radius=self.goal_radius, others=others
        )


class PointCorner(CornerEnv):
    """A point that looks for the one of four corners that rewards approaching it.

    Tasks:
        `"corner"` int: the goal is (-2, -2), (2, -2), (-2, 2) or (2, 2), each with probability 1/4.
    Observation:
        x and y of the point, `Box(-inf, inf, (2,), float32)`.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the point moves by 0.2 times it. With
        `action_bound=10` `Box(-10, 10, ...)`: the point moves by 0.02 times it.
    Reward:
        `"sparse"`: how much nearer to the goal the step came, if afterwards the goal is the nearest
        corner and |x| + |y| is at least 0.5; else 0. `"dense"`: minus the distance from the goal;
        `"dense_squared"`: minus its square. `infos` has all three (`sparse_reward`, ...), the
        `distance`, and `corner`, the nearest corner (-1 while |x| + |y| is below 0.5).
    Episode:
        Begins uniformly in [-0.2, 0.2]^2; truncated after 100 steps. Four episodes a trial: before,
        and after one, two, three gradient steps.
    Splits:
        `all`: four tasks are too few to hold any out.
    Source:
        Rothfuss et al. 2019 (ProMP), section 7.3, and its code, whose sparse reward begins near the
        start. The paper's text gives it only near the goal: `reward_radius`. Its agents
        act through a wrapper that divides actions by 10 (`action_bound=10`), so that noise of
        deviation 1 hardly leaves the centre.
    Versions:
        v0.

    Args:
        reward: `"sparse"`, `"dense"` or `"dense_squared"`.
        reward_radius: The sparse reward becomes the progress made within this distance from the
            goal, whatever the direction; a corner is 2.83 from the origin.
        action_bound: Largest absolute action, which moves the point by 0.2.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If `reward` is none of these, or `reward_radius` or `action_bound` not positive.
    """

    def __init__(
        self,
        reward: str = "sparse",
        reward_radius: float | None = None,
        action_bound: float = 1.0,
        **core: Unpack[CoreArguments],
    ):
        self.reward_radius = reward_radius
        if reward_radius is not None:
            none = "None for the release's reward"
            self.reward_radius = number("reward_radius", reward_radius, above=0.0, otherwise=none)
        super().__init__(reward=reward, action_bound=action_bound, **core)

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return the four corners."""
        return tuple({"corner": corner} for corner in range(4))

    def sparse(self, before: np.ndarray, after: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return the progress towards the goal where it is the nearest corner (or near), [N]."""
        if self.reward_radius is not None:  # leaving costs what coming pays: no gain in circling
            outside = np.minimum(norms(before - self.goals), self.reward_radius)
            return outside - np.minimum(distance, self.reward_radius)
        # The nearest corner is that of the point's quadrant; on an axis, two are nearest.
        ours = (after * self.goals >= 0.0).all(axis=1) & ~_at_home(after)
        return np.where(ours, norms(before - self.goals) - distance, 0.0)


class PointWalls(CornerEnv):
    """A point that must find the gaps in two ring walls on its way to a corner.

    Tasks:
        `"corner"` int: as in PointCorner. `"gaps"` float64 [2]: angles in radians of the gaps in
        the inner wall (radius 1) and in the outer wall (radius 2); uniform in [0, 2 pi].
    Observation:
        x and y of the point, `Box(-inf, inf, (2,), float32)`. Walls are not seen.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the point moves by 0.2 times it. A step outwards
        across a wall that does not end within 1 of the wall's gap ends just inside the wall. Walls
        do not stop steps inwards.
    Reward:
        `"dense"`: minus the distance from the goal; `"dense_squared"`: minus its square;
        `"sparse"`: how much nearer the step came, if afterwards the goal is nearer than 2; else 0.
        `infos` as in PointCorner.
    Episode:
        Begins uniformly in [-0.2, 0.2]^2; truncated after 100 steps. Two episodes a trial.
    Splits:
        `train` and `test`: even and odd cells of the inner gap's angle (`core.splits.interleave`).
    Source:
        The code of Rothfuss et al. 2019 (ProMP). There the reward is that of the position that
        the point would have reached without the wall; and `"sparse"` raises where it pays nothing.
    Versions:
        v0.

    Args:
        reward: `"dense"`, `"sparse"` or `"dense_squared"`.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If `reward` is not one of these.
    """

    splits = ("train", "test", "all")

    def __init__(self, reward: str = "dense", **core: Unpack[CoreArguments]):
        gaps = spaces.Box(0.0, 2 * np.pi, (2,), np.float64)
        super().__init__(reward=reward, more_tasks={"gaps": gaps}, **core)
        self.gaps = np.zeros((self.num_envs, 2, 2))  # row, ring, x and y

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a corner and two gaps."""
        return {**super().draw_task(rng), "gaps": rng.uniform(0.0, 2 * np.pi, 2)}

    def in_split(self, task: Task) -> bool:
        """Tell whether the inner gap is in a cell of the split."""
        return interleave(task["gaps"][0], 0.0, 2 * np.pi) == self.split

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Look up goals and gaps."""
        super().apply_tasks(rows)
        for ring, radius in enumerate(_RINGS):
            angle = self.tasks["gaps"][rows, ring]
            self.gaps[rows, ring, 0] = radius * np.cos(angle)
            self.gaps[rows, ring, 1] = radius * np.sin(angle)

    def move(self, position: np.ndarray, push: np.ndarray) -> np.ndarray:
        """Return where points end up, stopped by walls, [N, 2]."""
        after = position + push
        before, reach = norms(position), norms(after)
        for ring, radius in enumerate(_RINGS):
            stopped = (before < radius) & (reach > radius)
            stopped &= norms(after - self.gaps[:, ring]) > _OPENING
            if stopped.any():
                scale = np.where(stopped, (radius - _SKIN) / np.maximum(reach, radius), 1.0)
                after = after * scale[:, None]
                reach = norms(after)
        return after

    def scene(self, row: int) -> Scene:
        """Return goal, corners and walls."""
        bare = super().scene(row)
        rings = tuple(
            Ring(radius, (float(gap[0]), float(gap[1])), _OPENING)
            for radius, gap in zip(_RINGS, self.gaps[row], strict=True)
        )
        return Scene(goal=bare.goal, extent=bare.extent, others=bare.others, rings=rings)


def _at_home(position: np.ndarray) -> np.ndarray:
    """Tell which points [N, 2] are near the origin, bool [N]."""
    return np.abs(position[:, 0]) + np.abs(position[:, 1]) < _HOME
