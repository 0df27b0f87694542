"""Random bodies, as data: which numbers of a model a task multiplies or sets, and by how much.

A task holds multipliers of the nominal model's numbers (1 is the nominal body), or the number
itself for gravity. Writing always starts from the nominal model, so nothing compounds, and ends
by recomputing what MuJoCo derives from the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces

from ..core.names import look_up
from .bodies import derive

_BEYOND = 0.25  # "ood" reaches this share of a range's width beyond each end


@dataclass(frozen=True)
class Randomized:
    """One randomised quantity.

    Args:
        key: Key in the task.
        field: Field of `MjModel`, or `"gravity"`, whose z component is set.
        low: Lowest multiplier (for gravity: m/s^2).
        high: Highest multiplier.
        first: Rows of the field before this one are left alone (the world, the floor).
        columns: Number of columns of the field that vary; None: all.
        logarithmic: Whether the logarithm, rather than the number, is uniform.
    """

    key: str
    field: str
    low: float
    high: float
    first: int = 0
    columns: int | None = None
    logarithmic: bool = False

    def shape(self, model: mujoco.MjModel) -> tuple[int, ...]:
        """Return the shape of the multipliers for a body."""
        if self.field == "gravity":
            return ()
        values = getattr(model, self.field)[self.first :]
        return values.shape if self.columns is None else (len(values), self.columns)

    def wide(self) -> tuple[float, float]:
        """Return the range that `"ood"` draws from."""
        low, high = self._scale(self.low), self._scale(self.high)
        margin = (high - low) * _BEYOND
        beyond = self._unscale(high + margin)
        # Gravity never changes sign: the weakest allowed is half of the weakest in training.
        return self._unscale(low - margin), min(beyond, self.high / 2) if self.high < 0 else beyond

    def space(self, model: mujoco.MjModel) -> spaces.Box:
        """Return the support, including that of `"ood"`."""
        low, high = self.wide()
        return spaces.Box(low, high, self.shape(model), np.float64)

    def draw(self, rng: np.random.Generator, model: mujoco.MjModel, ood: bool) -> np.ndarray:
        """Draw multipliers; in `"ood"` at least one lies outside the training range."""
        low, high = self.wide() if ood else (self.low, self.high)
        while True:
            unit = rng.uniform(self._scale(low), self._scale(high), self.shape(model))
            # clipped: exp(log(high)) may exceed the range by a rounding error
            drawn = np.clip(self._unscale(unit), low, high)
            if not ood or not self.inside(drawn):
                return drawn

    def inside(self, values: np.ndarray) -> bool:
        """Tell whether multipliers lie in the training range."""
        return bool(np.all((values >= self.low) & (values <= self.high)))

    def position(self, values: np.ndarray) -> float:
        """Return where the first multiplier lies in the training range, 0 to 1, uniform."""
        low, high = self._scale(self.low), self._scale(self.high)
        return float((self._scale(np.ravel(values)[0]) - low) / (high - low))

    def write(self, model: mujoco.MjModel, nominal: mujoco.MjModel, values: np.ndarray) -> None:
        """Write into a row's model, starting from the nominal one."""
        if self.field == "gravity":
            model.opt.gravity[2] = values
            return
        part: tuple[slice, ...] = (slice(self.first, None),)
        if self.columns is not None:
            part += (slice(self.columns),)
        getattr(model, self.field)[part] = getattr(nominal, self.field)[part] * values

    def _scale(self, value: Any) -> Any:
        return np.log(value) if self.logarithmic else value

    def _unscale(self, value: Any) -> Any:
        return np.exp(value) if self.logarithmic else value


class LinkLengths(Randomized):
    """The lengths of limbs' links: bodies of one capsule each, which starts at the joint.

    Whatever is attached to a link's end moves with it; mass and inertia are those that MuJoCo's
    compiler derives from the capsule and the nominal density.
    """

    def shape(self, model: mujoco.MjModel) -> tuple[int, ...]:
        """Return the number of links.

        Raises:
            ValueError: If the body has no such links.
        """
        links = self._links(model)
        if not links:
            raise ValueError(
                "link lengths vary of limbs, bodies of one capsule from the joint; here are none"
            )
        return (len(links),)

    def write(self, model: mujoco.MjModel, nominal: mujoco.MjModel, values: np.ndarray) -> None:
        """Write into a row's model, starting from the nominal one."""
        for (body, geom), value in zip(self._links(nominal), values.tolist(), strict=True):
            radius, half = model.geom_size[geom, 0], nominal.geom_size[geom, 1]
            grown = nominal.geom_pos[geom] * value
            model.geom_size[geom, 1] = half * value
            model.geom_pos[geom] = model.body_ipos[body] = grown
            for child in np.flatnonzero(nominal.body_parentid == body):
                moved = 2 * (grown - nominal.geom_pos[geom])
                model.body_pos[child] = nominal.body_pos[child] + moved
            volume = _capsule(nominal.geom_size[geom, 0], half)[0]
            new_volume, inertia = _capsule(radius, half * value)
            model.body_mass[body] = nominal.body_mass[body] / volume * new_volume
            model.body_inertia[body] = model.body_mass[body] * inertia

    @staticmethod
    def _links(model: mujoco.MjModel) -> list[tuple[int, int]]:
        """Return the links as pairs of body and geom."""
        links = []
        for body in range(1, model.nbody):
            geom = int(model.body_geomadr[body])
            is_capsule = model.geom_type[geom] == int(mujoco.mjtGeom.mjGEOM_CAPSULE)
            if model.body_geomnum[body] == 1 and is_capsule:
                middle = _rotation(model.geom_quat[geom])[:, 2] * model.geom_size[geom, 1]
                place = model.geom_pos[geom]
                if min(np.abs(place - middle).max(), np.abs(place + middle).max()) < 1e-9:
                    links.append((body, geom))
        return links


def _capsule(radius: float, half: float) -> tuple[float, np.ndarray]:
    """Return the volume of a capsule (m^3) and its inertia [3] for a mass of 1 kg (m^2)."""
    length = 2 * half
    ball = 4 * radius / (4 * radius + 3 * length)  # share of the mass in the two ends
    ends = ball * 2 * radius**2 / 5
    across = (1 - ball) * (3 * radius**2 + length**2) / 12
    across += ends + ball * length * (3 * radius + 2 * length) / 8
    volume = np.pi * radius**2 * (length + 4 * radius / 3)
    return volume, np.array([across, across, (1 - ball) * radius**2 / 2 + ends])


# openai/EPG, RandomHopper: uniform multipliers, the floor and the world left alone; masses and
# inertias are not recomputed when the thickness of a link changes. Walker and others by analogy.
_EPG = (
    Randomized("body_mass", "body_mass", 0.5, 2.0, first=1),
    Randomized("gravity", "gravity", -20.0, -2.0),
    Randomized("geom_friction", "geom_friction", 0.5, 2.0, first=1),
    Randomized("geom_size", "geom_size", 0.5, 2.0, first=1, columns=1),
)


def _rand_params(limit: float) -> tuple[Randomized, ...]:
    """Return the quantities of rand_param_envs: b ** U(-limit, limit), each number alone."""

    def around(key: str, base: float, first: int = 0) -> Randomized:
        return Randomized(key, key, base**-limit, base**limit, first=first, logarithmic=True)

    return (
        around("body_mass", 1.5, first=1),
        around("body_inertia", 1.5, first=1),
        around("dof_damping", 1.3),
        around("geom_friction", 1.5),  # the floor's too
    )


RANDOMIZATIONS: dict[str, tuple[Randomized, ...]] = {
    "none": (),
    "epg": _EPG,
    "link_lengths": (LinkLengths("link_length", "geom_size", 0.5, 1.5),),  # EPG has no range; ours
    "rand_params": _rand_params(3.0),
    "rand_params_small": _rand_params(1.0),
}


def randomization_named(name: str) -> tuple[Randomized, ...]:
    """Return a randomisation, given a name in `RANDOMIZATIONS` or `"module:Name"`.

    Raises:
        ValueError: If there is none with that name.
    """
    what = "a tuple of Randomized"
    return look_up("randomization", name, RANDOMIZATIONS, _is_randomization, what)


def _is_randomization(found: Any) -> bool:
    return isinstance(found, tuple) and all(isinstance(one, Randomized) for one in found)


def write_task(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    nominal: mujoco.MjModel,
    quantities: tuple[Randomized, ...],
    task: dict[str, np.ndarray],
) -> None:
    """Turn a row's model into the body of a task.

    Args:
        model: Model to write into.
        data: Data of that model; its state is lost.
        nominal: Model from which writing starts.
        quantities: The quantities that vary.
        task: Task with a value for each of them.
    """
    for quantity in quantities:
        quantity.write(model, nominal, task[quantity.key])
    if any(quantity.field == "geom_size" for quantity in quantities):
        _bound_geoms(model)
    derive(model, data)


def _bound_geoms(model: mujoco.MjModel) -> None:
    """Recompute the radii and boxes by which MuJoCo excludes geoms that cannot touch.

    For spheres and capsules, the only geoms here whose size varies. In the tree of a body with
    one geom, their boxes lie in the frame of its inertia.
    """
    types = model.geom_type
    capsule = types == int(mujoco.mjtGeom.mjGEOM_CAPSULE)
    sphere = types == int(mujoco.mjtGeom.mjGEOM_SPHERE)
    radius, half = model.geom_size[:, 0], np.where(capsule, model.geom_size[:, 1], 0.0)
    known = capsule | sphere
    model.geom_rbound[known] = (radius + half)[known]
    boxes = np.stack([radius, radius, radius + half], axis=1)
    model.geom_aabb[known, 3:] = boxes[known]
    for body in range(1, model.nbody):
        first, count = int(model.body_bvhadr[body]), int(model.body_bvhnum[body])
        if count:
            _bound_tree(model, body, first, count)


def _bound_tree(model: mujoco.MjModel, body: int, first: int, count: int) -> None:
    """Grow a body's boxes from the leaves, which follow their parents, up to the root."""
    inertial = _rotation(model.body_iquat[body])
    for node in range(first + count - 1, first - 1, -1):
        geom = int(model.bvh_nodeid[node])
        if geom >= 0:
            turn = _rotation(model.geom_quat[geom])
            offset = model.geom_pos[geom] - model.body_ipos[body]
            center = inertial.T @ (offset + turn @ model.geom_aabb[geom, :3])
            half = np.abs(inertial.T @ turn) @ model.geom_aabb[geom, 3:]
            low, high = center - half, center + half
        else:
            children = [first + int(child) for child in model.bvh_child[node] if child >= 0]
            boxes = model.bvh_aabb[children]
            low = (boxes[:, :3] - boxes[:, 3:]).min(0)
            high = (boxes[:, :3] + boxes[:, 3:]).max(0)
        model.bvh_aabb[node, :3], model.bvh_aabb[node, 3:] = (low + high) / 2, (high - low) / 2


def _rotation(quaternion: np.ndarray) -> np.ndarray:
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)
