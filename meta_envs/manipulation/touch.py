"""Whether both pads of the gripper press on a geom: R rows of one environment."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from .environments.base import Environment

_PADS = ("leftpad_geom", "rightpad_geom")


class Touch:
    """Measures whether both pads press on a geom.

    Attributes:
        touching: Bool [R], up to date after `measure`.

    Args:
        datas: The rows' `MjData`.
        geom: Name of the geom.
    """

    def __init__(self, datas: Sequence[mujoco.MjData], geom: str):
        self._datas = datas
        self._pads = [datas[0].geom(pad).id for pad in _PADS]
        self._geom = datas[0].geom(geom).id
        self.touching = np.zeros(len(datas), dtype=bool)

    def measure(self) -> None:
        """Read the contacts of every row.

        Source: metaworld 3.1.1 `SawyerXYZEnv.touching_object`.
        """
        for row, data in enumerate(self._datas):
            contact = data.contact
            first, second = contact.geom1, contact.geom2
            ours = (first == self._geom) | (second == self._geom)
            forces = [
                data.efc_force[contact.efc_address[ours & ((first == pad) | (second == pad))]].sum()
                for pad in (self._pads if ours.any() else ())
            ]
            self.touching[row] = bool(forces) and min(forces) > 0


def touch_of(
    environment: Environment, datas: Sequence[mujoco.MjData], read: dict[str, np.ndarray]
) -> Touch | None:
    """Add `"touching"` to the values read if the environment needs it, and return its measure."""
    if environment.touch is None:
        return None
    touch = Touch(datas, environment.touch)
    read["touching"] = touch.touching
    return touch
