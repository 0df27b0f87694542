"""Random tabular MDPs: N rows, R some of them, S states, A actions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from ..core.splits import interleave
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .tabular_picture import Journey, draw_mdp

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MEAN_REWARD = 1.0  # average of the mean rewards, over tasks
_REWARD_SPREAD = 1.0  # standard deviation of the mean rewards, over tasks
_REWARD_NOISE = 1.0  # standard deviation of a reward around its mean
_CONCENTRATION = 1.0  # of the Dirichlet distribution of each row of transitions
_START_STATE = 0
_PROBABILITY_BYTES = 64  # in task, pin, bounds of the task space, cumulated, and while drawn
_SUM_TOLERANCE = 1e-6  # largest deviation of a row's sum from 1


class TabularMDP(MetaVectorEnv):
    """MDPs with a few states, random transitions and random rewards (RL2's tabular MDPs).

    Tasks:
        `"transitions"` [S, A, S]: probabilities of the next state, each row drawn from
        Dirichlet(1, ..., 1). `"rewards"` [S, A]: mean rewards, each drawn from N(1, 1).
    Observation:
        The state, `Discrete(S)`.
    Action:
        `Discrete(A)`.
    Reward:
        Drawn from N(`rewards[state, action]`, 1); `infos["expected_reward"]` is its mean.
    Episode:
        Begins in state 0 and terminates after `horizon` steps. Ten episodes a trial, the smallest
        number in the source (10, 25, 50, 75, 100).
    Splits:
        `train` and `test` interleave fine cells of `Phi(rewards[0, 0] - 1)`, which is uniform on
        [0, 1] (Phi is the normal distribution function); `all` is both.
    Source:
        Duan et al. 2016 (RL2), section 3.2. The splits are ours: the source draws training and
        test tasks from one distribution. It sums rewards over the whole trial; `evaluate`
        reports them per episode.
    Versions:
        v0.

    Args:
        states: S, at least 2.
        actions: A, at least 2.
        horizon: Steps of an episode.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")

    def __init__(
        self,
        states: int = 10,
        actions: int = 5,
        horizon: int = 10,
        **core: Unpack[CoreArguments],
    ):
        self.states = _two_or_more("states", states)
        self.actions = _two_or_more("actions", actions)
        self.horizon = positive("horizon", horizon)
        refuse_size("states", self.states, lambda count: 2 * count**2 * _PROBABILITY_BYTES)
        table = self.states**2 * _PROBABILITY_BYTES
        refuse_size("actions", self.actions, lambda count: count * table)
        self.row_bytes = 8 * self.states**2 * (self.actions + 1)  # cumulated, and for pictures
        choices = (self.states, self.actions)
        super().__init__(
            task_space=spaces.Dict(
                {
                    "transitions": spaces.Box(0.0, 1.0, (*choices, self.states), np.float64),
                    "rewards": spaces.Box(-np.inf, np.inf, choices, np.float64),
                }
            ),
            observation_space=spaces.Discrete(self.states),
            action_space=spaces.Discrete(self.actions),
            **core,
        )
        self.state = {"state": np.zeros(self.num_envs, dtype=np.int64)}
        self._cumulative = np.ones((self.num_envs, *choices, self.states))
        self._journey = Journey(self.num_envs, self.states)  # for pictures

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw transitions and mean rewards."""
        choices = (self.states, self.actions)
        concentration = np.full(self.states, _CONCENTRATION)
        return {
            "transitions": rng.dirichlet(concentration, size=choices),
            "rewards": rng.normal(_MEAN_REWARD, _REWARD_SPREAD, size=choices),
        }

    def in_split(self, task: Task) -> bool:
        """Tell whether the first mean reward lies in a cell of the split."""
        scaled = (float(task["rewards"][0, 0]) - _MEAN_REWARD) / _REWARD_SPREAD
        return interleave(0.5 * math.erfc(-scaled / math.sqrt(2)), 0.0, 1.0) == self.split

    def check_task(self, task: Task) -> None:
        """Refuse transitions that are not probabilities, and rewards that are not finite.

        Raises:
            ValueError: If a row of transitions does not sum to 1, or a mean reward is infinite.
        """
        sums = task["transitions"].sum(axis=-1)
        wrong = np.argwhere(np.abs(sums - 1.0) > _SUM_TOLERANCE)
        if wrong.size:
            state, action = wrong[0].tolist()
            raise ValueError(
                f"task['transitions'][{state}, {action}] sums to {sums[state, action]:.6g}; "
                f"the probabilities of the next state sum to 1 (within {_SUM_TOLERANCE:g})"
            )
        infinite = np.argwhere(~np.isfinite(task["rewards"]))
        if infinite.size:
            state, action = infinite[0].tolist()
            value = task["rewards"][state, action]
            raise ValueError(f"task['rewards'][{state}, {action}]={value} is not finite")

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a slightly different process: a Gaussian step, rows normalised to sum to 1."""
        return self.distribution.step_task(task, rng, _with_probabilities)

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse states that do not exist in the process."""
        super().check_state(state)
        refuse_outside("state.state", state["state.state"], 0, self.states - 1)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Cumulate the transitions, so that next states are drawn by inverting the distribution."""
        cumulative = np.cumsum(self.tasks["transitions"][rows], axis=-1)
        # Normalised so that the last is exactly 1, above every uniform number.
        self._cumulative[rows] = cumulative / cumulative[..., -1:]
        if self.render_mode is not None:
            self._journey.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` into the start state."""
        self.state["state"][rows] = _START_STATE
        if self.render_mode is not None:
            self._journey.begin_episodes(rows)
        return np.full(len(rows), _START_STATE, dtype=np.int64)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Draw the next state and the reward of every row."""
        state = self.state["state"]
        expected = self.tasks["rewards"][self.every_row, state, actions]
        rewards = expected + _REWARD_NOISE * self.random.normal()[:, 0]
        cumulative = self._cumulative[self.every_row, state, actions]
        reached = (cumulative <= self.random.uniform()).sum(axis=-1)
        if self.render_mode is not None:
            self._journey.step(state, actions, reached, rewards)
        self.state["state"] = reached
        terminated = self.elapsed >= self.horizon
        return reached.copy(), rewards, terminated, {"expected_reward": expected}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the states in a circle, the moves of this trial, and the hidden mean rewards."""
        return draw_mdp(
            self.tasks["rewards"][row],
            int(self.state["state"][row]),
            self._journey.of(row),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.horizon),
        )


def _two_or_more(name: str, value: Any) -> int:
    if positive(name, value) < 2:
        raise ValueError(f"{name}={value} leaves nothing to learn; it must be at least 2")
    return int(value)


def _with_probabilities(task: Task) -> dict[str, Any]:
    transitions = task["transitions"]
    return {**task, "transitions": transitions / transitions.sum(axis=-1, keepdims=True)}
