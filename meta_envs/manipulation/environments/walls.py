"""Meta-World's reach-wall-v3, push-wall-v3 and pick-place-wall-v3, batched: around a wall, over it.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_reach_wall_v3.py`, `envs/sawyer_push_wall_v3.py`,
`envs/sawyer_pick_place_wall_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import Rounding, distance, grasp, hamacher_product, length, nearness, positive
from .base import Begun, Cage, Environment, Read, Way, outcome

_RADIUS = 0.05  # m, around the target and around the way's middle
_PLACED = 0.07  # m, around the target: success with a puck
_NEAR = 0.03  # m, of the fingers to the puck
_HELD = 0.02  # m, of the same
_LIFTED = 0.015  # m
_WALL = 0.77  # m along y: where the wall is
_PAST = 0.75  # m along y: a puck beyond it has passed the wall
_BESIDE = -0.05  # m along x: the gap beside the wall
_BESIDE_SCALE = np.array([3.0, 1.0, 1.0])
_OVER = 0.25  # m: the height to lift a puck over the wall
_OVER_SCALE = np.array([1.0, 1.0, 3.0])
_CAGE = Cage(radius=0.015, pads=0.05, across=0.005)


def _hands_way(begun: Begun) -> np.ndarray:
    return distance(begun["hand_init_pos"], begun["target_pos"])


def _pucks_way(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["puck"], read["puck_quat"]


def _evaluate_reach(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    away, in_place = read["away"], read["in_place"]
    return outcome(
        10 * in_place,
        success=away <= _RADIUS,
        near=np.zeros(len(away)),
        grasped=np.zeros(len(away)),
        in_place=in_place,
        away=away,
    )


def _evaluate_push(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    puck, held = observations[:, 4:7], (read["near"] < _HELD) & (observations[:, 3] > 0)
    middle = puck.copy()  # at the puck's height, so that the margin follows it
    middle[:, :2] = _BESIDE, _WALL
    margin = positive(length((begun["obj_init_pos"] - middle) * _BESIDE_SCALE))
    halfway = nearness(length((puck - middle) * _BESIDE_SCALE), _RADIUS, margin)
    grasped, rounded = grasp(read["around"], actions)
    rewards = _on_the_way(2 * grasped, held, halfway, read, puck, rounded)
    return _outcome(read, rewards, grasped)


def _over_constants(begun: Begun) -> dict[str, np.ndarray]:
    middle = begun["target_pos"].copy()
    middle[:, 1:] = _WALL, _OVER
    way = length((begun["obj_init_pos"] - middle) * _OVER_SCALE)
    return {"middle": middle, "halfway_margin": positive(way)}


def _evaluate_pick_place(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    puck = observations[:, 4:7]
    to_middle = length((puck - begun["middle"]) * _OVER_SCALE)
    halfway = nearness(to_middle, _RADIUS, begun["halfway_margin"])
    grasped, rounded = grasp(read["around"], actions, dense=False)
    held = (read["near"] < _HELD) & (observations[:, 3] > 0)
    held &= puck[:, 2] - _LIFTED > begun["obj_init_pos"][:, 2]
    rewards = hamacher_product(grasped, halfway, rounded)
    rewards = _on_the_way(rewards, held, halfway, read, puck, rounded)
    return _outcome(read, rewards, grasped)


def _on_the_way(
    rewards: np.ndarray,
    held: np.ndarray,
    halfway: np.ndarray,
    read: Read,
    puck: np.ndarray,
    rounded: Rounding,
) -> np.ndarray:
    """Add to the rewards of held pucks [R] their way to the wall, or past it to the target."""
    first = rounded(rewards + 1.0)
    before = rounded(first + rounded(4.0 * halfway))
    past = rounded(rounded(first + 4.0) + rounded(3.0 * read["in_place"]))
    return np.where(held, np.where(puck[:, 1] > _PAST, past, before), rewards)


def _outcome(
    read: Read, rewards: np.ndarray, grasped: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return outcome(
        np.where(read["away"] < _RADIUS, 10.0, rewards),
        success=read["away"] <= _PLACED,
        near=read["near"] <= _NEAR,
        grasped=grasped,
        in_place=read["in_place"],
        away=read["away"],
    )


_TURN = {"puck_matrix": ("geom.xmat", "objGeom")}
_READS = {"puck": ("geom.xpos", "objGeom"), **_TURN}

ENVIRONMENTS = (
    Environment(
        name="reach-wall-v3",
        reads={"puck": ("body.xpos", "obj"), **_TURN},
        begun=("hand_init_pos",),
        observe=_observe,
        evaluate=_evaluate_reach,
        way=Way(_RADIUS, _hands_way, point="tcp"),
    ),
    Environment(
        name="push-wall-v3",
        reads=_READS,
        observe=_observe,
        evaluate=_evaluate_push,
        way=Way(_RADIUS, _pucks_way),
        cage=_CAGE,
    ),
    Environment(
        name="pick-place-wall-v3",
        reads=_READS,
        observe=_observe,
        evaluate=_evaluate_pick_place,
        way=Way(_RADIUS, _pucks_way),
        cage=_CAGE,
        constants=_over_constants,
    ),
)
