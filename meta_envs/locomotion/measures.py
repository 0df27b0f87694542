"""Where a body is and whether it stands, for all rows at once: N rows, R some of them."""

from __future__ import annotations

import mujoco
import numpy as np

from ..core.arguments import ends
from ..physics.bodies import Physics
from .bodies import Body
from .settings import Range, Settings


class Place:
    """The point of a body whose motion counts: [N, 1] along x, or [N, 2] in the plane.

    For a body that reaches for something, the difference between two points instead.

    As in Gymnasium, a body's origin and the centre of mass are those at the start of the last
    physics step, one step behind the positions.

    Args:
        body: Body, which names the point.
        physics: Physics of the rows.
    """

    def __init__(self, body: Body, physics: Physics):
        self._kind, _, name = body.place.partition(":")
        self._size = 2 if body.plane else 1
        self._physics = physics
        self._bodies = [
            mujoco.mj_name2id(physics.nominal, mujoco.mjtObj.mjOBJ_BODY, one)
            for one in name.split("-")
            if self._kind == "body"
        ]

    @staticmethod
    def field(body: Body) -> str:
        """Return the field of `MjData` that a body's place is read from."""
        kind = body.place.partition(":")[0]
        return {"root": "qpos", "body": "xpos", "center": "xipos"}[kind]

    def of_every_row(self, read: dict[str, np.ndarray]) -> np.ndarray:
        """Return the places of every row, given fields of their data [N, ...]."""
        if self._kind == "root":
            return read["qpos"][:, : self._size]
        if self._kind == "body":
            return self._from(read["xpos"])
        return self._center(self._physics.models, read["xipos"])

    def of_rows(self, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Return the places of some rows, given their positions [R, nq]."""
        if self._kind == "root":
            return positions[:, : self._size]
        if self._kind == "body":
            return self._from(self._physics.read_rows("xpos", rows))
        models = [self._physics.models[row] for row in rows.tolist()]
        return self._center(models, self._physics.read_rows("xipos", rows))

    def _from(self, origins: np.ndarray) -> np.ndarray:
        first, *others = (origins[:, body, : self._size] for body in self._bodies)
        return first - others[0] if others else first

    def _center(self, models: list[mujoco.MjModel], places: np.ndarray) -> np.ndarray:
        if models[0] is self._physics.nominal:  # all rows share it
            masses = np.asarray(self._physics.nominal.body_mass)[None]
        else:
            masses = np.stack([model.body_mass for model in models])
        total = masses.sum(axis=1)
        return ((masses[:, :, None] * places).sum(axis=1) / total[:, None])[:, : self._size]


class Health:
    """Tells which rows have not fallen, bool [N].

    Args:
        settings: Settings with the healthy ranges.
        model: Model of the body.
    """

    def __init__(self, settings: Settings, model: mujoco.MjModel):
        free = model.njnt > 0 and model.jnt_type[0] == int(mujoco.mjtJoint.mjJNT_FREE)
        self._height = 2 if free else 1
        self._z = _limits(settings.healthy_z_range)
        self._angle = _limits(settings.healthy_angle_range)
        self._state = _limits(settings.healthy_state_range)
        self.limited = any((self._z, self._angle, self._state))

    def __call__(self, positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
        """Return which rows are healthy, given positions [N, nq] and velocities [N, nv]."""
        healthy = np.ones(len(positions), dtype=bool)
        if not self.limited:
            return healthy
        if self._z:
            height = positions[:, self._height]
            healthy &= (self._z[0] < height) & (height < self._z[1])
        if self._angle:
            angle = positions[:, 2]
            healthy &= (self._angle[0] < angle) & (angle < self._angle[1])
        if self._state:
            low, high = self._state
            rest = positions[:, 2:]
            healthy &= ((low < rest) & (rest < high)).all(axis=1)
            healthy &= ((low < velocities) & (velocities < high)).all(axis=1)
        return healthy


def _limits(healthy: Range | None) -> tuple[float, float] | None:
    return None if healthy is None else ends("healthy range", healthy, may_be_open=True)
