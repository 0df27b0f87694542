"""The bodies of contests, and the MuJoCo model of two of them on a mat; lengths in metres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from xml.etree import ElementTree

import mujoco
import numpy as np

from ..core.arguments import choice

SIDES = ("first", "second")
_REFERENCES = ("name", "joint")  # attributes of MJCF that hold names of a body's parts
_TOUCHES = ({"contype": "1", "conaffinity": "6"}, {"contype": "2", "conaffinity": "5"})
_PLANAR_TOUCHES = ({"contype": "1", "conaffinity": "2"}, {"contype": "2", "conaffinity": "1"})
_HIP, _ANKLE = 0.0, 1.0  # radians, of legs at the start


@dataclass(frozen=True)
class Wrestler:
    """A body of contests.

    Args:
        name: Its name, and that of its file: `assets/mjcf/sumo_<name>.xml`.
        legs: Legs of two motors each; 0 for a disc.
        time_limit: Steps after which a contest of two such bodies is a draw, unless given.
        reach: Farthest part from its middle at the start.
    """

    name: str
    legs: int
    time_limit: int
    reach: float

    @property
    def planar(self) -> bool:
        """Whether it moves in the plane of the mat alone."""
        return self.legs == 0

    def start(self) -> np.ndarray:
        """Return its coordinates at the start, in the middle of the mat, [nq]."""
        if self.planar:
            return np.zeros(2)
        return np.concatenate([[0, 0, 1.25, 1, 0, 0, 0], np.tile((_HIP, _ANKLE), self.legs)])


WRESTLERS = {
    one.name: one
    for one in (
        Wrestler("puck", 0, 100, 0.4),
        Wrestler("ant", 4, 500, 0.95),
        Wrestler("bug", 6, 500, 0.95),
        Wrestler("spider", 8, 500, 0.95),
    )
}


@dataclass(frozen=True)
class Side:
    """Where one of the two is in the model.

    Args:
        wrestler: Its body.
        positions: Its part of `qpos`.
        velocities: Its part of `qvel`.
        motors: Its part of `ctrl`.
        parts: Its bodies, torso first.
    """

    wrestler: Wrestler
    positions: slice
    velocities: slice
    motors: slice
    parts: slice

    @property
    def num_motors(self) -> int:
        """Number of its motors."""
        return self.motors.stop - self.motors.start


def contest_model(first: Wrestler, second: Wrestler) -> tuple[mujoco.MjModel, tuple[Side, Side]]:
    """Return the model of two wrestlers on the mat, and where each of them is in it."""
    root = ElementTree.fromstring(_text("tatami"))
    for side, wrestler, touch, planar in zip(
        SIDES, (first, second), _TOUCHES, _PLANAR_TOUCHES, strict=True
    ):
        part = ElementTree.fromstring(_text(wrestler.name))
        for element in part.iter():
            for reference in _REFERENCES:
                if reference in element.attrib and element is not part:
                    element.set(reference, f"{side}/{element.get(reference)}")
            if element.tag == "geom":
                element.attrib |= {"condim": "1"} if wrestler.planar else {"condim": "3"}
                if not wrestler.planar:
                    element.attrib |= {"friction": "1 .5 .5", "margin": ".01"}
                element.attrib |= planar if wrestler.planar else touch
        for tag in ("worldbody", "actuator"):
            _child(root, tag).extend(_child(part, tag))
    if not first.planar:
        _child(root, "option").set("integrator", "RK4")  # as for Gymnasium's ant
    model = mujoco.MjModel.from_xml_string(ElementTree.tostring(root, encoding="unicode"))
    one, other = _sides(model, first, second)
    return model, (one, other)


def _sides(model: mujoco.MjModel, *wrestlers: Wrestler) -> Iterator[Side]:
    at = np.array([0, 0, 0, 1])  # of coordinates, speeds, motors and bodies; body 0 is the world
    for wrestler in wrestlers:
        bodies = 1 + 3 * wrestler.legs
        if wrestler.planar:
            sizes = np.array([2, 2, 2, bodies])
        else:
            motors = 2 * wrestler.legs
            sizes = np.array([7 + motors, 6 + motors, motors, bodies])
        parts = [slice(int(a), int(a + b)) for a, b in zip(at, sizes, strict=True)]
        yield Side(wrestler, *parts)
        at = at + sizes
    assert at.tolist() == [model.nq, model.nv, model.nu, model.nbody]


def _child(root: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = root.find(tag)
    assert found is not None  # our own files
    return found


def _text(name: str) -> str:
    file = resources.files("assets") / "mjcf" / f"sumo_{name}.xml"
    return file.read_text(encoding="utf-8")


def bodies_of(body: str, opponent: str | None) -> tuple[Wrestler, Wrestler]:
    """Return the bodies of both sides.

    Args:
        body: Name of the learner's.
        opponent: Name of the other one's; None is the same.

    Raises:
        ValueError: If a name is unknown, or they cannot meet.
    """
    first = WRESTLERS[choice("body", body, WRESTLERS)]
    second = first if opponent is None else WRESTLERS[choice("opponent", opponent, WRESTLERS)]
    if first.planar != second.planar:
        raise ValueError(
            f"body={first.name!r}, opponent={second.name!r}: pucks slide in the plane and play "
            "pucks only; the others play each other"
        )
    return first, second
