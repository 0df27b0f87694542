"""What all bandits share: episodes of pulls, the record of pulls and pay, the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.vector import MetaVectorEnv
from .drawing import draw_arms

if TYPE_CHECKING:
    from typing_extensions import Unpack

_NONE_YET = -1  # `record["arm"]` before the first pull


# Bytes per arm: true mean, pulls and pay, the task's numbers, and the bounds of the task space.
_ARM_BYTES = 80


def arm_count(arms: Any) -> int:
    """Return the number of arms if there is memory for them, before anything is allocated.

    Raises:
        MemoryError: If there is not enough memory.
        ValueError: If it is not an integer of at least 1.
    """
    refuse_size("arms", positive("arms", arms), lambda count: count * _ARM_BYTES)
    return int(arms)


class Bandit(MetaVectorEnv):
    """A bandit: k arms, n pulls, and as a rule an observation that carries no information.

    A family writes `draw_task` and, where they differ, `first_means` and `pay`. `state["means"]`,
    float64 [N, k], is the true mean of each arm now. With a render mode, `record` keeps what the
    picture shows: `pulls` int64 [N, k] and `paid` float64 [N, k] (the sum of the rewards of each
    arm so far), `arm` int64 [N] and `reward` float64 [N] (of the last pull; the arm is -1 before
    the first).

    Args:
        arms: Number of arms, k.
        pulls: Pulls per episode, n; the last one terminates it.
        task_space: Space of all tasks.
        observation_space: Space of observations; None for one that carries no information.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If `arms` or `pulls` is not an integer of at least 1.
    """

    reward_range: tuple[float, float] = (0.0, 1.0)  # the picture's axis spans at least this

    def __init__(
        self,
        *,
        arms: int,
        pulls: int,
        task_space: spaces.Dict,
        observation_space: spaces.Space | None = None,
        **core: Unpack[CoreArguments],
    ):
        self.arms = arm_count(arms)
        self.row_bytes = self.arms * _ARM_BYTES
        self.pulls = positive("pulls", pulls)
        super().__init__(
            task_space=task_space,
            observation_space=observation_space or spaces.Discrete(1),
            action_space=spaces.Discrete(self.arms),
            **core,
        )
        self.state = {"means": np.zeros((self.num_envs, self.arms))}
        self.record = {
            "pulls": np.zeros((self.num_envs, self.arms), dtype=np.int64),
            "paid": np.zeros((self.num_envs, self.arms)),
            "arm": np.full(self.num_envs, _NONE_YET),
            "reward": np.zeros(self.num_envs),
        }

    def first_means(self, rows: np.ndarray) -> np.ndarray:
        """Return the true mean of each arm at the start of the episode, float64 [R, k]."""
        return self.tasks["means"][rows]

    def pay(self, means: np.ndarray) -> np.ndarray:
        """Return the rewards [N] of arms with these true means [N]; here 1 or 0."""
        return (self.random.uniform()[:, 0] < means).astype(np.float64)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Begin an episode in each of `rows` and return the observations, zeros [R]."""
        self.state["means"][rows] = self.first_means(rows)
        self.record["arm"][rows] = _NONE_YET
        for key in ("pulls", "paid", "reward"):
            self.record[key][rows] = 0
        return np.zeros(len(rows), dtype=np.int64)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Pull one arm in each row; `infos["expected_reward"]` [N] is its true mean."""
        means = self.state["means"][self.every_row, actions]
        rewards = self.pay(means)
        if self.render_mode is not None:  # recording takes a quarter of a step's time
            self._note(actions, rewards)
        observations = np.zeros(self.num_envs, dtype=np.int64)
        return observations, rewards, self.elapsed >= self.pulls, {"expected_reward": means}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the arms of one row: uint8 [height, width, 3]."""
        record = {key: values[row] for key, values in self.record.items()}
        arm = int(record["arm"])
        return draw_arms(
            means=self.state["means"][row],
            pulls=record["pulls"],
            paid=record["paid"],
            last=None if arm == _NONE_YET else (arm, float(record["reward"])),
            n_pulls=self.pulls,
            reward_range=self.reward_range,
        )

    def _note(self, actions: np.ndarray, rewards: np.ndarray) -> None:
        pulled = (self.every_row, actions)
        self.record["pulls"][pulled] += 1
        self.record["paid"][pulled] += rewards
        self.record["arm"][:] = actions
        self.record["reward"][:] = rewards
