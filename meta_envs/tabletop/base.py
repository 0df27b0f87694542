"""What reaching and pushing share: objects of a task, where they are, and their pictures.

N rows, R some of them, n objects.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from gymnasium import spaces

from ..core.arguments import whole
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.splits import interleave
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from . import shapes

if TYPE_CHECKING:
    from typing_extensions import Unpack

STEP = 0.1  # along each axis, for an action of 1
PUSHER = 0.08  # radius of the disc that moves
OBJECT = 0.16  # radius of objects
LAST = 10  # steps of an episode in which the aim is to be met
_EDGE = 0.95  # the disc's centre stays within this
_CELLS = 8  # of hues; every other one is held out
_SHOWN = 4  # shapes of training and testing; the others are "ood"
_APART = 0.06  # hues of a task, around the circle
_GRID = np.array([(x, y) for y in (0.55, 0.0, -0.55) for x in (-0.55, 0.0, 0.55)])
_JITTER = 0.12  # of places around the points of the grid, along each axis
_LEAST_PIXELS, _MOST_PIXELS = 16, 128
_RIM = 0.07  # radius of the ring that marks what is meant, in pictures for people
_GREY = np.array([[120.0, 120.0, 120.0]], np.float32)
_RENDERED = 384  # pixels of a picture for people
_MOST_OBJECTS = 6


class TabletopEnv(MetaVectorEnv):
    """A disc that moves on a table with objects, one of which is meant.

    A family writes `move`, `aims` and `marks`, and names its `n_places`: the places of an episode,
    the first n of which are the objects'. `state["places"]` is float64 [N, n_places, 2].

    Args:
        objects: n.
        n_places: Places of an episode.
        pixels: Side of the pictures.
        steps: Steps per episode.
        reached: Distance from the aim at which it is met.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all", "ood")
    start_shows = ("hues", "shapes")
    still: ClassVar[bool] = True  # whether objects stay where they are

    def __init__(
        self,
        objects: int,
        n_places: int,
        pixels: int,
        steps: int,
        reached: float,
        **core: Unpack[CoreArguments],
    ):
        self.objects = whole("objects", objects, 2, _MOST_OBJECTS)
        self.pixels = whole("pixels", pixels, _LEAST_PIXELS, _MOST_PIXELS)
        self.steps = whole("steps", steps, LAST)
        self.reached = reached
        hues = spaces.Box(0.0, 1.0, (self.objects,), np.float64)
        looks = spaces.MultiDiscrete([len(shapes.NAMES)] * self.objects)
        task = {"hues": hues, "shapes": looks, "target": spaces.Discrete(self.objects)}
        picture = spaces.Box(0, 255, (self.pixels, self.pixels, 3), np.uint8)
        state = spaces.Box(-1.0, 1.0, (2,), np.float32)
        super().__init__(
            task_space=spaces.Dict(task),
            observation_space=spaces.Dict({"image": picture, "state": state}),
            action_space=spaces.Box(-1.0, 1.0, (2,), np.float32),
            **core,
        )
        self.state["position"] = np.zeros((self.num_envs, 2))
        self.state["places"] = np.zeros((self.num_envs, n_places, 2))
        self._scenery = shapes.blank(self.num_envs, self.pixels)  # what no step changes

    # ---- what a family writes -------------------------------------------------------------------

    @abstractmethod
    def move(self, after: np.ndarray) -> None:
        """Let the disc at `after` [N, 2] do to objects what it does."""

    @abstractmethod
    def aims(self) -> np.ndarray:
        """Return how far each row is from its aim, [N]."""

    def marks(self, pictures: np.ndarray, rows: np.ndarray) -> None:
        """Draw what lies under the objects into pictures [R, P, P, 3] of `rows`."""

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw looks of one side, and which object is meant."""
        first, count = (_SHOWN, len(shapes.NAMES)) if self.split == "ood" else (0, _SHOWN)
        while True:
            hues = rng.random(self.objects)
            one_side = len({_side(hue) for hue in hues}) == 1
            if apart(hues) >= _APART and (one_side or self.split == "ood"):
                break
        looks = rng.integers(first, count, self.objects)
        return {"hues": hues, "shapes": looks, "target": rng.integers(self.objects)}

    def in_split(self, task: Task) -> bool:
        """Tell whether all hues belong to the split; shapes, for `"ood"`."""
        if self.split == "ood":
            return bool((task["shapes"] >= _SHOWN).all())
        return all(_side(hue) == self.split for hue in task["hues"])

    def check_task(self, task: Task) -> None:
        """Refuse objects that look alike.

        Raises:
            ValueError: If two hues are equal.
        """
        if apart(task["hues"]) <= 0.0:
            raise ValueError("task['hues'] has a hue twice; every object needs its own")

    # ---- episodes -------------------------------------------------------------------------------

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places off the table."""
        super().check_state(state)
        refuse_outside("state.position", state["state.position"], -1.0, 1.0)

    def begin_episodes(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Put the disc in the middle, and everything else at points of a grid around it."""
        count = self.state["places"].shape[1]
        drawn = self.random.uniform(rows, len(_GRID) + 2 * count)
        around = np.delete(np.arange(len(_GRID)), len(_GRID) // 2)
        order = around[drawn[:, : len(around)].argsort(axis=1)[:, :count]]
        jitter = 2.0 * drawn[:, len(_GRID) :].reshape(-1, count, 2) - 1.0
        self.state["places"][rows] = _GRID[order] + _JITTER * jitter
        self.state["position"][rows] = 0.0
        self._scenery[rows] = self._background(rows, self.pixels)
        return self.observe(rows)

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Draw again what is kept of the pictures."""
        self._scenery = self._background(self.every_row, self.pixels)

    def observe(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return pictures uint8 [R, P, P, 3], and where the disc is, float32 [R, 2]."""
        position = self.state["position"][rows]
        picture = self._scenery[rows]
        self._foreground(picture, rows)
        return {"image": picture, "state": position.astype(np.float32)}

    def _background(self, rows: np.ndarray, pixels: int) -> np.ndarray:
        """Return pictures of what no step changes, uint8 [R, P, P, 3]."""
        found = shapes.blank(len(rows), pixels)
        self.marks(found, rows)
        if self.still:
            self._objects(found, rows)
        return found

    def _foreground(self, pictures: np.ndarray, rows: np.ndarray) -> None:
        """Draw what steps change into pictures of `rows`."""
        if not self.still:
            self._objects(pictures, rows)
        shapes.stamp_pusher(pictures, self.state["position"][rows], PUSHER)

    def _objects(self, pictures: np.ndarray, rows: np.ndarray) -> None:
        for k in range(self.objects):
            colours = shapes.colours_of(self.tasks["hues"][rows, k])
            looks = self.tasks["shapes"][rows, k]
            shapes.stamp(pictures, self.state["places"][rows, k], OBJECT, looks, colours)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        """Move every row."""
        way = STEP * actions.astype(np.float64)
        after = np.clip(self.state["position"] + way, -_EDGE, _EDGE)
        self.state["position"] = after
        self.move(after)
        distance = self.aims()
        late = self.elapsed > self.steps - LAST
        infos = {"distance": distance, "success": late & (distance <= self.reached)}
        return self.observe(self.every_row), -distance, self.elapsed >= self.steps, infos

    def render_row(self, row: int) -> np.ndarray:
        """Draw the table, larger than learners see it; the object that is meant has a ring."""
        rows = np.array([row])
        picture = self._background(rows, _RENDERED)
        self._foreground(picture, rows)
        meant = self.state["places"][row, int(self.tasks["target"][row])][None]
        ring = np.array([shapes.NAMES.index("ring")])
        shapes.stamp(picture, meant, _RIM, ring, _GREY)
        return picture[0]


def lengths(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths [N] of vectors [N, 2], element by element."""
    x, y = vectors[:, 0], vectors[:, 1]
    return np.sqrt(x * x + y * y)


def apart(hues: np.ndarray) -> float:
    """Return the least distance of two hues, around the circle."""
    ordered = np.sort(np.asarray(hues, np.float64))
    gaps = np.diff(ordered, append=ordered[0] + 1.0)
    return float(gaps.min())


def _side(hue: float) -> str:
    return interleave(min(float(hue), np.nextafter(1.0, 0.0)), 0.0, 1.0, _CELLS)
