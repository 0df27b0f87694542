"""What a batched environment is: R rows of one of Meta-World's environments, all in one task each.

R rows. `Read` has the poses of the bodies after a step, `Begun` what was so when the episode began;
both are dicts of arrays with a leading row axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

Read = Mapping[str, np.ndarray]
Begun = Mapping[str, np.ndarray]

# What is read in every environment, in the form of `Environment.reads`.
HAND_READS: dict[str, tuple[str, str]] = {
    "hand": ("body.xpos", "hand"),
    "rightclaw": ("body.xpos", "rightclaw"),
    "leftclaw": ("body.xpos", "leftclaw"),
    "right_pad": ("body.xpos", "rightpad"),
    "left_pad": ("body.xpos", "leftpad"),
    "right_finger": ("site.xpos", "rightEndEffector"),
    "left_finger": ("site.xpos", "leftEndEffector"),
}
# What every environment's reset leaves, by upstream's names.
ALWAYS_BEGUN = ("_target_pos", "obj_init_pos", "init_tcp")


@dataclass(frozen=True)
class Way:
    """Something is to come to the target.

    `read["away"]` is how far it is, in metres (scaled); `read["in_place"]` is 1 within a radius of
    the target and less the farther away.

    Attributes:
        radius: In metres, scaled.
        margin: How far outside of it `in_place` is 0.1, from what was begun with: [R].
        point: The key of what comes there, in what was read; None for the object observed.
        scale: How much a metre along x, y and z counts.
    """

    radius: float
    margin: Callable[[Begun], np.ndarray]
    point: str | None = None
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Cage:
    """Fingers are to be around the object observed.

    `read["around"]` is how well they are, in [0, 1].

    Attributes:
        radius: A pad nearer than that to the object's middle is too near, in metres along y.
        pads: How near a pad is near enough.
        across: How near the fingers' middle must be, in metres across y.
        follows: What a pad's way is measured by is where the object is, and not where it was at
            first; and a pad on the wrong side of it is too near.
    """

    radius: float
    pads: float
    across: float
    follows: bool = False


def outcome(
    rewards: np.ndarray,
    *,
    success: np.ndarray,
    near: np.ndarray,
    grasped: np.ndarray,
    in_place: np.ndarray,
    away: np.ndarray,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return what `Environment.evaluate` does: rewards, and infos by upstream's names.

    Args:
        rewards: [R].
        success: Bool, as all that follow [R].
        near: Bool, or how near.
        grasped: How well the object is grasped, or what upstream tells instead.
        in_place: How well it is in place.
        away: How far it is from the target, in upstream's measure.
    """
    infos = {
        "success": success.astype(np.float64),
        "near_object": near.astype(np.float64),
        "grasp_reward": grasped,
        "in_place_reward": in_place,
        "obj_to_target": away,
        "unscaled_reward": rewards,
    }
    return rewards, infos


def _none(begun: Begun) -> dict[str, np.ndarray]:
    return {}


@dataclass(frozen=True)
class Environment:
    """One of Meta-World's environments, batched over R rows.

    Attributes:
        name: Upstream's, e.g. `"reach-v3"`.
        observe: From what was read: positions [R, 3 k] and quaternions [R, 4 k] of the k objects
            that the observation has.
        evaluate: From what was read, observations [R, 39] (clipped to their bounds, as upstream
            passes them), actions [R, 4] as given and what was begun with: rewards [R] and infos,
            each [R]; `"success"` among them.
        reads: What is read of `MjData` besides `HAND_READS`: a key to a field and whose, e.g.
            `("body.xpos", "obj")`, `("joint.qpos", "doorjoint")`. `read["tcp"]` is there, too:
            the middle of the two fingers; `read["near"]`, how far the observed object is from it;
            and of each `"..._matrix"` that is read its quaternion, `"..._quat"`.
        begun: Attributes of upstream's environment after a reset which `evaluate` or `observe`
            need, besides `ALWAYS_BEGUN`; numbers or arrays. Their keys in `Begun` have no
            leading underscore. What an episode changes is written into these arrays, in place.
        way: What is to come to the target, for `read["away"]` and `read["in_place"]`.
        cage: What fingers are to be around, for `read["around"]`.
        constants: From what was begun with: what does not change in an episode, e.g. margins [R];
            `evaluate` finds it in `Begun`.
    """

    name: str
    observe: Callable[[Read, Begun], tuple[np.ndarray, np.ndarray]]
    evaluate: Callable[
        [Read, np.ndarray, np.ndarray, Begun], tuple[np.ndarray, dict[str, np.ndarray]]
    ]
    reads: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    begun: tuple[str, ...] = ()
    way: Way | None = None
    cage: Cage | None = None
    constants: Callable[[Begun], dict[str, np.ndarray]] = _none
