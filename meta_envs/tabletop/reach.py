"""Reaching one of several objects, seen in pictures. N rows, n objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from . import shapes
from .base import STEP, TabletopEnv, lengths

if TYPE_CHECKING:
    from typing_extensions import Unpack

_REACHED = 0.1  # between centres; an object's radius is 0.16


class Reach2D(TabletopEnv):
    """A disc on a table with objects, seen from above, and one object to go to.

    Nothing in an episode tells which object is meant but its reward: a demonstration does.

    Tasks:
        `"hues"` [n], uniform on [0, 1) with at least 0.06 between two of them, around the circle;
        `"shapes"` [n]: 0 disc, 1 square, 2 triangle, 3 diamond, 4 ring, 5 cross; `"target"`: which
        object is meant.
    Observation:
        A Dict of `"image"`, `Box(0, 255, (pixels, pixels, 3), uint8)`, the table from above, and
        `"state"`, `Box(-1, 1, (2,), float32)`, x and y of the disc. The first observation shows
        hues and shapes, not which object is meant.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the disc moves by 0.1 times it, and stays within 0.95.
    Reward:
        Minus the distance from the object that is meant, after the move; `infos["distance"]` is
        that distance. `infos["success"]` says whether, in one of the last ten steps, it is at most
        0.1.
    Episode:
        The disc begins at (0, 0), objects of radius 0.16 at most 0.12 (along each axis) from
        different ones of the eight points around it that are 0.55 apart. Terminates after `steps`
        steps. Three episodes a trial. Who knows the object always succeeds; who goes to any does
        in one of n episodes.
    Splits:
        Hues are held out: all hues of a task are in even (`train`) or odd (`test`) ones of 8 cells
        of equal width; shapes are discs, squares, triangles and diamonds. `ood` has the rings and
        crosses, of any hue.
    Source:
        The reaching tasks of Finn, Yu et al. 2017 (MIL), section 6.1: there an arm of two links
        among coloured discs, in pictures of 80 x 64 and episodes of 50 steps. The pictures, the
        shapes and the splits are ours.
    Versions:
        v0.

    Args:
        objects: n, from 2 to 6.
        pixels: Side of the pictures, from 16 to 128.
        steps: Steps per episode, at least 10.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self, objects: int = 2, pixels: int = 48, steps: int = 25, **core: Unpack[CoreArguments]
    ):
        super().__init__(objects, objects, pixels, steps, _REACHED, **core)

    def move(self, after: np.ndarray) -> None:
        """Leave the objects where they are: the disc passes over them."""

    def aims(self) -> np.ndarray:
        """Return distances from the objects that are meant, [N]."""
        meant = self.state["places"][self.every_row, self.tasks["target"]]
        return lengths(self.state["position"] - meant)

    def expert(self, observation: Any, task: Task) -> np.ndarray:
        """Return the action that goes straight to the object that is meant, as seen in the picture.

        Args:
            observation: Observation of one row.
            task: The task of the row.

        Returns:
            float32 [2].
        """
        place = shapes.find(observation["image"], float(task["hues"][int(task["target"])]))
        if place is None:
            return np.zeros(2, np.float32)  # the disc covers it
        way = (place - observation["state"]) / STEP
        return np.clip(way, -1.0, 1.0).astype(np.float32)
