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
ALWAYS_BEGUN = ("_target_pos", "obj_init_pos", "init_tcp", "init_left_pad", "init_right_pad")


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
            the middle of the two fingers.
        begun: Attributes of upstream's environment after a reset which `evaluate` or `observe`
            need, besides `ALWAYS_BEGUN`; numbers or arrays. Their keys in `Begun` have no
            leading underscore. What an episode changes is written into these arrays, in place.
    """

    name: str
    observe: Callable[[Read, Begun], tuple[np.ndarray, np.ndarray]]
    evaluate: Callable[
        [Read, np.ndarray, np.ndarray, Begun], tuple[np.ndarray, dict[str, np.ndarray]]
    ]
    reads: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    begun: tuple[str, ...] = ()
