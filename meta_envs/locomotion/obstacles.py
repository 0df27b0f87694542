"""An ant among walls, and a walker among hurdles or beams. N rows, R some of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces

from ..core.arguments import whole
from ..core.tasks import Task, Tasks
from ..physics.view import View, view_of
from .bodies import BODIES, Body, load_model
from .family import Locomotion
from .places import ToPlace
from .randomizations import Randomized
from .sources import MLSH_ANT

# m from the start; where the code of MLSH has them, at a quarter of its distances
PLACES = np.array(
    [(2, 6), (2, -6), (6, 6), (6, -6), (12, 0), (10, 6), (10, -6), (8, 4), (8, -4)], np.float64
)
NEAR = 1.5  # m, from a place, that pays
_WALL, _WALL_HEIGHT = 0.15, 0.5  # m, half the thickness and half the height
_WALLS = (  # x, y and half sizes, m: around the places and between them, with gaps of 2 m
    *((5.5, 8.0, 8.5, _WALL), (5.5, -8.0, 8.5, _WALL)),
    *((-3.0, 0.0, _WALL, 8.0), (14.0, 0.0, _WALL, 8.0), (4.0, 0.0, _WALL, 2.5)),
    *((4.0, 6.25, _WALL, 1.75), (4.0, -6.25, _WALL, 1.75)),
    *((8.0, 2.0, 2.0, _WALL), (8.0, -2.0, 2.0, _WALL)),
)
_SPACING, _COUNT = 4.0, 8  # m, of hurdles and beams; how many there are
_HURDLE, _BEAM = 0.225, 1.15  # m, the top of a hurdle, the lower side of a beam
_LONG, _WIDE, _TALL = 0.1, 1.0, 0.5  # m, half of their sizes along and across; of beams upwards
_MOST = 1_000_000  # steps between two rightings
_KINDS = ("hurdle", "beam")
_AWAY = -10.0  # m, the height at which what is not there stands


ANT = replace(
    BODIES["ant"],
    boxes=tuple(
        (f"wall_{index}", (x, y, _WALL_HEIGHT), (along_x, along_y, _WALL_HEIGHT))
        for index, (x, y, along_x, along_y) in enumerate(_WALLS)
    ),
)
WALKER = replace(
    BODIES["walker2d"],
    boxes=tuple(
        (f"{kind}_{index}", (_SPACING * (index + 1), 0.0, middle), (_LONG, _WIDE, half))
        for kind, middle, half in (
            ("hurdle", _HURDLE / 2, _HURDLE / 2),
            ("beam", _BEAM + _TALL, _TALL),
        )
        for index in range(_COUNT)
    ),
)


class Cells(ToPlace):
    """Come near one of nine places, `"cell"`: `PLACES[cell]`, metres; 1 for each step near it."""

    default_range = (0.0, 1.0)

    def space(self) -> dict[str, spaces.Space]:
        """Return the numbers of the places."""
        return {"cell": spaces.Discrete(len(PLACES))}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a place."""
        return {"cell": rng.integers(len(PLACES))}

    def members(self) -> tuple[dict[str, Any], ...]:
        """Return all places."""
        return tuple({"cell": cell} for cell in range(len(PLACES)))

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return 1 within `NEAR` of the place, else 0."""
        away = place - PLACES[tasks["cell"]]
        return (np.hypot(away[:, 0], away[:, 1]) <= NEAR).astype(np.float64)

    def facts(self, task: Task) -> dict[str, Any]:
        """Mark the place."""
        x, y = PLACES[int(task["cell"])].tolist()
        return {"target": (x, y)}


class AntObstacles(Locomotion):
    """An ant among walls that is to come to one of nine places, and is paid only there.

    Tasks:
        `"cell"`: which place, 0 to 8, each with the same probability: (2, 6), (2, -6), (6, 6),
        (6, -6), (12, 0), (10, 6), (10, -6), (8, 4) and (8, -4), in metres from the start.
    Observation:
        Positions and velocities of all joints, the torso's place among them,
        `Box(-inf, inf, (29,), float64)`. Walls are not seen; they are the same in every task.
    Action:
        Torques of the joints as a share of the motors' gear, `Box(-1, 1, (8,), float32)`; clipped.
    Reward:
        1 for each step that ends within 1.5 m of the place, else 0.
    Episode:
        Begins at (0, 0), upright and slightly disturbed. Every `upright_every` steps the ant is
        put back on its feet where it is, at rest. Does not terminate; truncated after 1,000 steps
        of 50 ms.
    Splits:
        `all`: there are nine tasks.
    Source:
        Frans et al. 2018 (MLSH), section 6.3 (there 2,000 steps), and its code's
        `AntObstaclesGen-v1`, which always draws its seventh goal, pays nothing for coming near,
        and adds up coordinates before it squares them. Places are at a quarter of its distances;
        walls, the radius and the robot (Gymnasium's) are ours.
    Versions:
        v0.

    Args:
        upright_every: Steps between two rightings.
        **rest: As for `Locomotion`, but for `body`, `goal` and `randomization`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    more_arguments = ("source", "contact_forces", "threads", *Locomotion.more_arguments)

    def __init__(self, upright_every: int = 200, **rest: Any):
        self.upright_every = whole("upright_every", upright_every, 1, _MOST)
        super().__init__(f"{__name__}:ANT", f"{__name__}:Cells", **{**MLSH_ANT, **rest})

    def _view(self) -> View:
        return _around(self.robot, 12.0)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row, and put those on their feet that are due."""
        observations, rewards, terminated, infos = super().step_rows(actions)
        due = np.flatnonzero(self.elapsed % self.upright_every == 0)
        if due.size:
            positions = np.tile(self._nominal.qpos0, (len(due), 1))
            positions[:, :2] = self.state["qpos"][due, :2]
            velocities = np.zeros((len(due), self._nominal.nv))
            self.physics.begin(due, positions, velocities)
            self.state["qpos"][due], self.state["qvel"][due] = positions, velocities
            self.state["place"][due] = self._place.of_rows(due, positions)
            observations = observations.copy()
            observations[due] = self._observe_rows(due)
            self._last = observations
        return observations, rewards, terminated, infos


class WalkerObstacles(Locomotion):
    """A walker that is to get on, over hurdles or under beams, which it does not see.

    Tasks:
        `"obstacle"`: 0 for hurdles 0.225 m high, to step over; 1 for beams 1.15 m above the floor,
        to duck under (it is 1.45 m tall); with probability 1/2 each. They stand every 4 m.
    Observation:
        Positions and velocities of all joints, x of the torso among them,
        `Box(-inf, inf, (18,), float64)`.
    Action:
        Torques of the joints as a share of the motors' gear, `Box(-1, 1, (6,), float32)`; clipped.
    Reward:
        The velocity along +x (m/s), minus 0.001 times the sum of squared actions.
    Episode:
        Begins upright and slightly disturbed; does not terminate, so that it may crawl; truncated
        after 1,000 steps of 8 ms.
    Splits:
        `all`: there are two tasks.
    Source:
        Frans et al. 2018 (MLSH), section 6.3, walking and crawling; its code's `Obstacles-v1` has
        hurdles of this height. Beams, distances and the robot (Gymnasium's) are ours.
    Versions:
        v0.

    Args:
        **rest: As for `Locomotion`, but for `body`, `goal` and `randomization`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    more_arguments = ("source", "contact_forces", "threads", *Locomotion.more_arguments)

    def __init__(self, **rest: Any):
        self.task_labels = {"obstacle": ("hurdles", "beams")}
        super().__init__(
            f"{__name__}:WALKER", "forward", f"{__name__}:OBSTACLES", **{**_CRAWLS, **rest}
        )

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({"obstacle": 0}, {"obstacle": 1})

    def in_split(self, task: Task) -> bool:
        """Tell that every task belongs to the only split."""
        return True

    def _known_splits(self) -> tuple[str, ...]:
        return ("all",)

    def _view(self) -> View:
        return _around(self.robot, 7.0)


def _around(robot: Body, span: float) -> View:
    """Return the view that suits a body without its boxes, of some width (m)."""
    bare = view_of(load_model(robot.file))
    higher = bare.center * [1.0, 1.0, span / bare.span if bare.kind == "side" else 1.0]
    return replace(bare, span=span, center=higher)


class Obstacles(Randomized):
    """Which of the world's boxes are there: those named hurdles (0) or beams (1)."""

    def space(self, model: mujoco.MjModel) -> Any:
        """Return the support."""
        return spaces.Discrete(len(_KINDS))

    def draw(self, rng: np.random.Generator, model: mujoco.MjModel, ood: bool) -> Any:
        """Draw a kind."""
        return rng.integers(len(_KINDS))

    def write(self, model: mujoco.MjModel, nominal: mujoco.MjModel, values: np.ndarray) -> None:
        """Put the boxes of the other kind where nothing meets them."""
        for geom in range(nominal.ngeom):
            kind = nominal.geom(geom).name.partition("_")[0]
            if kind in _KINDS:
                there = _KINDS.index(kind) == int(values)
                model.geom_pos[geom, 2] = nominal.geom_pos[geom, 2] if there else _AWAY


OBSTACLES = (Obstacles("obstacle", "geom_pos", 0.0, 1.0),)
_CRAWLS: dict[str, Any] = {
    "healthy_reward": 0.0,
    "healthy_z_range": None,
    "healthy_angle_range": None,
    "observation": ("qpos", "qvel"),
}
