"""Pushing one of several objects into the middle, seen in pictures. N rows, n objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from . import shapes
from .base import OBJECT, PUSHER, STEP, TabletopEnv, lengths

if TYPE_CHECKING:
    from typing_extensions import Unpack

_REACHED = 0.13  # of the middle; squared .017, as in the code of MIL
_CONTACT = PUSHER + OBJECT  # of centres
_TABLE_EDGE = 0.95  # objects stay within this
_WIDE = 0.12  # how far around an object the expert goes, beyond contact
_STRAIGHT = 0.985  # cosine of the angle at which the expert pushes
_AIM = np.array([[0.0, 0.0]])
_MARK = np.array([[255.0, 255.0, 255.0]], np.float32)
_MARK_RADIUS = 0.22


class Push2D(TabletopEnv):
    """A disc on a table with objects, seen from above, and one object to push into the middle.

    Nothing in an episode tells which object is meant but its reward: a demonstration does.

    Tasks:
        As in Reach2D: `"hues"` [n], `"shapes"` [n] and `"target"`.
    Observation:
        As in Reach2D: `"image"` and `"state"`. A white ring marks the middle.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the disc moves by 0.1 times it, and stays within 0.95.
        It pushes objects that it meets straight away from its centre, as if all were round.
    Reward:
        Minus the distance of the object that is meant from (0, 0), after the move;
        `infos["distance"]` is that distance. `infos["success"]` says whether, in one of the last
        ten steps, it is at most 0.13.
    Episode:
        The disc begins at (0, 0), objects of radius 0.16 at most 0.12 (along each axis) from
        different ones of the eight points around it that are 0.55 apart. Terminates after `steps`
        steps. Three episodes a trial. Who knows the object nearly always succeeds; who pushes any
        does in one of n episodes.
    Splits:
        As in Reach2D: hues are held out, and `ood` has other shapes.
    Source:
        The pushing tasks of Finn, Yu et al. 2017 (MIL), section 6.2: there an arm of seven joints,
        objects of many forms beside a distractor, in pictures of 125 x 125 and episodes of 100
        steps. The plane, the middle as the goal and the splits are ours; the distance is theirs.
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

    still = False

    def __init__(
        self, objects: int = 2, pixels: int = 48, steps: int = 50, **core: Unpack[CoreArguments]
    ):
        super().__init__(objects, objects, pixels, steps, _REACHED, **core)

    def move(self, after: np.ndarray) -> None:
        """Push the objects that the disc at `after` [N, 2] meets out of its way."""
        for k in range(self.objects):
            places = self.state["places"][:, k]
            way = places - after
            far = lengths(way)
            # an object right under the disc goes to the right
            straight = np.where(far[:, None] > 0, way / np.maximum(far, 1e-12)[:, None], [1.0, 0.0])
            pushed = np.clip(after + straight * _CONTACT, -_TABLE_EDGE, _TABLE_EDGE)
            self.state["places"][:, k] = np.where((far < _CONTACT)[:, None], pushed, places)

    def aims(self) -> np.ndarray:
        """Return distances of the objects that are meant from the middle, [N]."""
        return lengths(self.state["places"][self.every_row, self.tasks["target"]])

    def marks(self, pictures: np.ndarray, rows: np.ndarray) -> None:
        """Draw the ring around the middle."""
        count = len(rows)
        ring = np.full(count, shapes.NAMES.index("ring"))
        places, colours = np.repeat(_AIM, count, axis=0), np.repeat(_MARK, count, axis=0)
        shapes.stamp(pictures, places, _MARK_RADIUS, ring, colours)

    def expert(self, observation: Any, task: Task) -> np.ndarray:
        """Return the action that goes behind the object that is meant, then pushes it.

        Args:
            observation: Observation of one row; the object is found in its picture.
            task: The task of the row.

        Returns:
            float32 [2].
        """
        place = shapes.find(observation["image"], float(task["hues"][int(task["target"])]))
        here = np.asarray(observation["state"], np.float64)
        if place is None or _norm(place) < 0.4 * _REACHED:
            return np.zeros(2, np.float32)
        return np.clip((_next(here, place) - here) / STEP, -1.0, 1.0).astype(np.float32)


def _next(here: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return where the disc at `here` should go, to push an object at `place` to the middle."""
    inwards = -place / _norm(place)
    away = place - here
    if _norm(away) < _CONTACT + 0.06 and float(away @ inwards) > _STRAIGHT * _norm(away):
        return place - inwards * (_CONTACT - min(STEP, _norm(place)))
    side = np.array([-inwards[1], inwards[0]])
    if float(-away @ side) < 0:
        side = -side
    behind = place - inwards * (_CONTACT + 0.02)
    corner = place + (side - inwards) * (_CONTACT + _WIDE)
    beside = place + side * (_CONTACT + _WIDE)
    ways = (np.clip(one, -_TABLE_EDGE, _TABLE_EDGE) for one in (behind, corner))
    return next((one for one in ways if _clear(here, one, place)), beside)


def _clear(here: np.ndarray, there: np.ndarray, place: np.ndarray) -> bool:
    """Tell whether the disc can go straight to `there` without pushing an object at `place`."""
    away, way = place - here, there - here
    along = float(np.clip(away @ way / max(float(way @ way), 1e-12), 0.0, 1.0))
    return _norm(here + along * way - place) >= min(_CONTACT, _norm(away)) - 0.01


def _norm(vector: np.ndarray) -> float:
    return float(np.sqrt(vector @ vector))
