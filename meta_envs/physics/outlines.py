"""Outlines of MuJoCo geoms, for drawing bodies without OpenGL; lengths in metres."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from ..pictures.drawing import BLUE, MUTED, ORANGE, PAPER, RED, RULE, SKY, Point, mix

_ROUND = np.stack([np.cos(turn := np.linspace(0, 2 * np.pi, 32, endpoint=False)), np.sin(turn)])
_CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)


@dataclass(frozen=True)
class Outline:
    """Points [P, 3], each with a ball of `radius` around it; the hull of all is a geom."""

    places: np.ndarray
    radius: float = 0.0


def outline(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> Outline:
    """Return the outline of a geom."""
    size, center = model.geom_size[geom], data.geom_xpos[geom]
    turn = data.geom_xmat[geom].reshape(3, 3)
    kind = model.geom_type[geom]
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        return Outline(center[None], float(size[0]))
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        half = turn[:, 2] * size[1]
        return Outline(np.stack([center - half, center + half]), float(size[0]))
    if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        ring = np.concatenate([_ROUND * size[0], np.full((1, _ROUND.shape[1]), size[1])]).T
        return Outline(np.concatenate([ring, ring * (1, 1, -1)]) @ turn.T + center)
    if kind == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
        level = np.linspace(-1, 1, 9)
        ball = [
            (a * c, b * c, h) for h in level for c in (np.sqrt(1 - h * h),) for a, b in _ROUND.T
        ]
        return Outline(np.array(ball) * size @ turn.T + center)
    box = model.geom_aabb[geom]  # for meshes, boxes and all other types
    return Outline((box[:3] + _CUBE * box[3:]) @ turn.T + center)


def hull(points: list[Point]) -> list[Point]:
    """Return the corners of the convex hull of points, in order (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    halves: list[list[Point]] = []
    for run in (ordered, ordered[::-1]):
        half: list[Point] = []
        for x, y in run:
            while len(half) > 1:
                (a, b), (c, d) = half[-2:]
                if (c - a) * (y - b) - (d - b) * (x - a) > 0:
                    break
                half.pop()
            half.append((x, y))
        halves.append(half)
    return halves[0][:-1] + halves[1][:-1]


def far_to_near(model: mujoco.MjModel, data: mujoco.MjData, toward: np.ndarray) -> list[int]:
    """Return the geoms to draw, farthest from the viewer first."""
    solid = (model.geom_type != mujoco.mjtGeom.mjGEOM_PLANE) & (model.geom_rgba[:, 3] > 0.05)
    depth = np.round(data.geom_xpos @ toward, 6)
    return [int(geom) for geom in np.argsort(depth, kind="stable") if solid[geom]]


def color_of(model: mujoco.MjModel, geom: int) -> tuple[int, int, int]:
    """Return a geom's colour: grey for the world's, red for targets, orange on a left side."""
    if model.geom_bodyid[geom] == 0:
        return mix(RULE, MUTED, 0.2)
    names = f"{model.geom(geom).name} {model.body(int(model.geom_bodyid[geom])).name}".lower()
    if "target" in names or "goal" in names:
        return mix(RED, PAPER, 0.1)
    if "left" in names:
        return mix(ORANGE, PAPER, 0.2)
    return mix(BLUE if model.geom_bodyid[geom] == 1 else SKY, PAPER, 0.15)


def moves_about(model: mujoco.MjModel) -> bool:
    """Tell whether the first body can leave its place."""
    joints = model.jnt_type[model.jnt_bodyid == 1]
    return bool(np.isin(joints, (mujoco.mjtJoint.mjJNT_FREE, mujoco.mjtJoint.mjJNT_SLIDE)).any())


def plane_of(model: mujoco.MjModel) -> str:
    """Return the viewpoint that shows all of a body's motion: `"side"`, `"above"` or `"corner"`."""
    hinge = model.jnt_type == mujoco.mjtJoint.mjJNT_HINGE
    slide = model.jnt_type == mujoco.mjtJoint.mjJNT_SLIDE
    if (hinge | slide).all():
        for kind, normal in (("side", 1), ("above", 2)):
            turns = np.abs(model.jnt_axis[hinge][:, normal]) > 1 - 1e-6
            moves = np.abs(model.jnt_axis[slide][:, normal]) < 1e-6
            if turns.all() and moves.all():
                return kind
    return "corner"
