"""An arm in the plane, with links of random lengths. N rows, R some of them."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from ..core.tasks import Task
from .family import Locomotion

_FARTHEST = 0.2  # m, largest distance of targets from the arm's base
_JOINTS = 2  # of the arm; the next two coordinates hold the target
_LINKS = np.array([0.1, 0.11])  # m, from joint to joint, and to the fingertip
_PULL, _DAMPING = 0.1, 0.05  # of the expert's torques


class Reacher(Locomotion):
    """An arm that has to bring its fingertip to a visible target; its links are the task.

    Tasks:
        `"link_length"`: multipliers of the two links' lengths (0.1 m), uniform in [0.5, 1.5],
        independent. Fingertip and forearm move with the ends; masses and inertias are those of the
        new capsules.
    Observation:
        `Box(-inf, inf, (10,), float64)`: cosines and sines of the two joints' angles, the target's
        x and y (m), the joints' velocities (rad/s), fingertip - target along x and y (m). The last
        two depend on the links, so even the first observation shows something of the task.
    Action:
        Torques of the two joints as a share of the gear, `Box(-1, 1, (2,), float32)`; clipped,
        also for the cost.
    Reward:
        `forward_reward_weight` (1) * minus the distance between fingertip and target (m)
        - `ctrl_cost_weight` (1) * the sum of squared actions.
    Episode:
        Begins nearly stretched out. The target is uniform in a disc of 0.2 m, drawn
        again in every episode of a trial; short links cannot reach some targets.
        Truncated after 50 steps of 20 ms.
    Splits:
        `train` and `test` are separated by the parity of fine cells of the first link's multiplier;
        `ood` has at least one of the two in [0.25, 0.5) or (1.5, 1.75].
    Source:
        Houthooft et al. 2018 (EPG), RandomReacher: named in the paper, not in its release, so the
        ranges are ours. Body, reward and observation are those of Gymnasium's Reacher-v5.
    Versions:
        v0.

    Args:
        randomization: A name in `randomizations.RANDOMIZATIONS`; `"none"` is Reacher-v5.
        **rest: As for `Locomotion`.
    """

    start_shows: tuple[str, ...] = ("link_length",)
    more_arguments = ("source", "contact_forces", "threads", *Locomotion.more_arguments)

    def __init__(self, randomization: str = "link_lengths", **rest: Any):
        super().__init__("reacher", "reach", randomization, **rest)
        if randomization != "link_lengths":
            self.start_shows = ()

    def _observation_size(self, model: mujoco.MjModel) -> int:
        return 10

    def _first_states(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        positions, velocities = super()._first_states(rows)
        radius, turn = self.random.uniform(rows, 2).T
        radius, turn = _FARTHEST * np.sqrt(radius), 2 * np.pi * turn
        positions[:, _JOINTS:] = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
        velocities[:, _JOINTS:] = 0.0
        return positions, velocities

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return torques that pull the fingertip to the target and slow the joints, float32 [2].

        The pull goes through the transposed Jacobian of the task's links. It is a good reacher, not
        the best one.

        Args:
            observation: Observation of one row, [10].
            task: The task of the row.
        """
        scale = np.asarray(task.get("link_length", np.ones(2)), np.float64)
        first, second = _LINKS * scale
        seen = np.asarray(observation, np.float64)
        cosine, sine = seen[:2], seen[2:4]
        both = np.array([cosine[0] * cosine[1] - sine[0] * sine[1], 0.0])
        both[1] = sine[0] * cosine[1] + cosine[0] * sine[1]
        outer = second * np.array([-both[1], both[0]])  # moves with the second joint
        inner = first * np.array([-sine[0], cosine[0]]) + outer
        pull = np.array([inner @ -seen[8:], outer @ -seen[8:]]) / (first * second)
        torque = _PULL * pull - _DAMPING * seen[6:8]
        return np.clip(torque, -1.0, 1.0).astype(np.float32)

    def _observe(self, read: dict[str, np.ndarray], place: np.ndarray) -> np.ndarray:
        return _seen(read["qpos"], read["qvel"], place)

    def _observe_rows(self, rows: np.ndarray) -> np.ndarray:
        return _seen(*(self.state[name][rows] for name in ("qpos", "qvel", "place")))


def _seen(positions: np.ndarray, velocities: np.ndarray, away: np.ndarray) -> np.ndarray:
    angles = positions[:, :_JOINTS]
    parts = (np.cos(angles), np.sin(angles), positions[:, _JOINTS:], velocities[:, :_JOINTS], away)
    return np.concatenate(parts, axis=1)
