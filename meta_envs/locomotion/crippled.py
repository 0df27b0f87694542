"""Robots two of whose limbs lose their strength from episode to episode. N rows."""

from __future__ import annotations

from os.path import commonprefix
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces

from ..physics.failing import (
    FailingLimbs,
    Schedule,
    checked_limbs,
    pair_labels,
    pair_space,
    strengths,
)
from .bodies import body_named, load_model
from .family import Locomotion


class Crippled(FailingLimbs, Locomotion):
    """A robot that is to run forwards while a hidden pair of its limbs fails, more every episode.

    Tasks:
        `"pair"` int: which two limbs, of `limbs * (limbs - 1) / 2` pairs in the order (0, 1),
        (0, 2), ...; `"factor"`: what is left of their motors' torques, from 1 to 0. A trial begins
        with a factor of 1, which `schedule` changes before every later episode: in equal steps to
        0 at the seventh. A pin holds for a trial's first episode. Limbs are the motors in order,
        equally many each. The six-legged ant's are its left legs from front to back, then its
        right ones; the cheetah's and the walker's limbs are their six joints.
    Observation:
        As in `Locomotion`: of the six-legged ant all positions and velocities of the joints, the
        torso's place among them, `Box(-inf, inf, (37,), float64)`.
    Action:
        Torques of the joints as a share of the motors' gear, `Box`; clipped to the bounds. Motors
        of the pair get `factor` times theirs.
    Reward:
        The velocity along +x (m/s), minus `ctrl_cost_weight` times the sum of squared actions as
        given (not as they arrive); for the walker 1 for each healthy step.
    Episode:
        Begins upright and slightly disturbed, ends where the robot falls; truncated after 200
        steps. Seven episodes a trial.
    Splits:
        `test` holds out the pairs that mirror each other, limbs i and i + `limbs` / 2: of the
        six-legged ant the front, the middle and the back pair; `train` has the other twelve.
    Source:
        Al-Shedivat et al. 2018, section 5.1. No environment was released: body, control cost and
        the length of episodes are ours. As there six legs, fifteen pairs, twelve of them for
        training, a factor from 1 to 0 over seven episodes, and a fixed direction. The half cheetah
        and the walker, and schedules other than `"linear"`, are ours.
    Versions:
        v0.

    Args:
        body: As in `Locomotion`.
        limbs: Number of limbs; divides the number of motors.
        schedule: How the factor goes on: `"linear"`, `"jump"` (at once to 0, before one of the
            later episodes), `"random_walk"` or `"periodic"` (a cosine).
        drift_episodes: Episodes from a factor of 1 to one of 0, both included.
        walk_step: Standard deviation of the random walk's steps.
        **rest: As for `Locomotion`, but for `goal`, `randomization` and `source`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    more_arguments = ("contact_forces", "threads", *Locomotion.more_arguments)

    def __init__(
        self,
        body: str = "six_legged_ant",
        limbs: int = 6,
        schedule: str = "linear",
        drift_episodes: int = 7,
        walk_step: float = 0.25,
        **rest: Any,
    ):
        model = load_model(body_named(body).file)
        self._motors = model.nu
        self.limbs = checked_limbs(limbs, self._motors)
        self.schedule = Schedule(schedule, drift_episodes, walk_step)
        self.names = _limb_names(model, self.limbs)
        self.task_labels = {"pair": pair_labels(self.names)}
        super().__init__(body, **rest)
        self._strength = np.ones((self.num_envs, self._motors))

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Note what is left of the torques of `rows`."""
        tasks = {key: part[rows] for key, part in self.tasks.items()}
        self._strength[rows] = strengths(tasks, self.limbs, self._motors)

    def render_row(self, row: int) -> np.ndarray:
        """Draw a row, with the limbs that fail."""
        failing = self.task_labels["pair"][int(self.tasks["pair"][row])]
        lines = [("failing", failing), ("strength", f"{self.tasks['factor'][row]:.0%}")]
        return self._draw_body(row, lines=lines)

    def _body_space(self) -> dict[str, spaces.Space]:
        return pair_space(self.limbs)

    def _known_splits(self) -> tuple[str, ...]:
        return FailingLimbs.splits

    def _controls(self, actions: np.ndarray) -> np.ndarray:
        return actions * self._strength


def _limb_names(model: mujoco.MjModel, limbs: int) -> list[str]:
    """Return a name for each limb: what the names of its motors' joints have in common."""
    joints = [model.joint(int(joint)).name for joint in model.actuator_trnid[:, 0]]
    each = len(joints) // limbs
    named = [commonprefix(joints[limb * each : (limb + 1) * each]) for limb in range(limbs)]
    return [name.strip("_").replace("_", " ") or f"limb {limb}" for limb, name in enumerate(named)]
