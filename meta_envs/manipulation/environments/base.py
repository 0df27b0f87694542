"""What a batched environment is: R rows of one Meta-World environment, each with its own task.

R rows. `Read` has the poses of the bodies after a step, `Begun` the values from the reset;
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
# What the reset of every environment leaves, by upstream's names.
ALWAYS_BEGUN = ("_target_pos", "obj_init_pos", "init_tcp")


@dataclass(frozen=True)
class Way:
    """Something has to reach the target.

    `read["away"]` is how far it is, in metres (scaled); `read["in_place"]` is 1 within a radius of
    the target, and less the farther away.

    Attributes:
        radius: In metres, scaled.
        margin: Distance outside it at which `in_place` is 0.1, from the reset values: [R].
        point: Key, in the values read, of what has to get there; None: the observed object.
        scale: How much a metre along x, y and z counts.
    """

    radius: float
    margin: Callable[[Begun], np.ndarray]
    point: str | None = None
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Cage:
    """Fingers have to enclose the observed object.

    `read["around"]` is how well they do, in [0, 1].

    Attributes:
        radius: A pad nearer than this to the object's middle is too near, in metres along y.
        pads: How near a pad is near enough.
        across: How near the fingers' middle must be, in metres across y.
        follows: Whether a pad's way is measured from where the object is now, not where it was at
            first; a pad on the wrong side of it then counts as too near.
        first: Where it was at first, a key of the reset values.
        shift: How far along x the middle is from the observed position, in metres.
        handle: Half the length along x of a handle, in metres: within it the object's middle counts
            as being where the hand is.
    """

    radius: float
    pads: float
    across: float
    follows: bool = False
    first: str = "obj_init_pos"
    shift: float = 0.0
    handle: float = 0.0


def outcome(
    rewards: np.ndarray,
    *,
    success: np.ndarray,
    near: np.ndarray,
    grasped: np.ndarray,
    in_place: np.ndarray,
    away: np.ndarray,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the result of `Environment.evaluate`: rewards, and infos by upstream's names.

    Args:
        rewards: Rewards [R].
        success: Bool [R]; all that follow are [R], too.
        near: Bool, or how near.
        grasped: How well the object is grasped, or what upstream reports instead.
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
        name: Upstream's name, e.g. `"reach-v3"`.
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
        touch: Geom for `read["touching"]`: whether both pads press on it.
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
    touch: str | None = None
    constants: Callable[[Begun], dict[str, np.ndarray]] = _none
