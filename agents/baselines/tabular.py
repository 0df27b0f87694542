"""Solvers of tabular MDPs: a posterior over the MDP, and a plan for each episode.

Shapes: R rows of one call; M learners; S states; A actions; H steps per episode.

The prior is RL^2's: transitions Dirichlet(1, ..., 1), mean rewards N(1, 1), unit observation noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .base import Baseline, BaselineLoop, discrete

_PRIOR_MEAN = 1.0  # of a mean reward; its prior variance and the noise variance are 1
_CHUNK = 512  # rows planned together: bounds memory (2 MB an array at RL^2's sizes)


def plan(
    transitions: np.ndarray, rewards: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Solve MDPs of a finite horizon exactly, by value iteration over a batch.

    Equal values go to the first action.

    Args:
        transitions: Probabilities of the next state, [R, S, A, S].
        rewards: Mean rewards, [R, S, A].
        horizon: Steps per episode.

    Returns:
        The best actions [R, H, S] and the values [R, S] of an episode's first step.
    """
    policy = np.empty((len(rewards), horizon, rewards.shape[1]), dtype=np.int64)
    value = np.zeros(rewards.shape[:2])
    for step in range(horizon - 1, -1, -1):
        # einsum, not matmul: BLAS results may depend on the number of rows
        action_value = rewards + np.einsum("rsat,rt->rsa", transitions, value, optimize=False)
        policy[:, step] = action_value.argmax(axis=2)
        value = action_value.max(axis=2)
    return policy, value


class PlanningLoop(BaselineLoop):
    """Follows a plan that is made at the start of each episode from the subclass's `models`."""

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        states = discrete(venv.single_observation_space, "observation", baseline)
        actions = discrete(venv.single_action_space, "action", baseline)
        self.n_states, self.first_state = int(states.n), int(states.start)
        self.n_actions, self.first_action = int(actions.n), int(actions.start)
        self.horizon: int = baseline.horizon
        self.policy = np.zeros((self.num_rows, self.horizon, self.n_states), dtype=np.int64)
        self.step = np.zeros(self.num_rows, dtype=np.int64)  # of the episode

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`, and with it a new episode."""
        super().reset(rows)
        self.step[self.rows(rows)] = 0

    def models(self, rows: np.ndarray, deterministic: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the MDPs to plan in: transitions [R, S, A, S] and mean rewards [R, S, A]."""
        raise NotImplementedError

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions [R] in states `observation` [R].

        Raises:
            ValueError: If an episode outlasts the horizon.
        """
        rows = self.rows(rows)
        begins = rows[self.step[rows] == 0]
        for first in range(0, len(begins), _CHUNK):
            chunk = begins[first : first + _CHUNK]
            self.policy[chunk] = plan(*self.models(chunk, deterministic), self.horizon)[0]
        step = self.step[rows]
        if step.max(initial=0) >= self.horizon:
            raise ValueError(
                f"an episode lasts longer than horizon={self.horizon} of {self.baseline}; "
                "give the number of steps after which episodes end"
            )
        state = np.asarray(observation, dtype=np.int64) - self.first_state
        return self.policy[rows, step, state] + self.first_action

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Count the episode's steps."""
        rows = self.rows(rows)
        self.step[rows] = np.where(step.ended, 0, self.step[rows] + 1)


class PosteriorLoop(PlanningLoop):
    """Counts transitions and sums rewards for each learner."""

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        pairs = (len(self.frozen), self.n_states, self.n_actions)
        self.counts = np.zeros((*pairs, self.n_states))  # [M, S, A, S]
        self.sums = np.zeros(pairs)  # summed rewards, [M, S, A]

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`: forget all transitions."""
        super().reset(rows)
        learners = self.learners(rows)
        self.counts[learners] = 0
        self.sums[learners] = 0

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Count one transition of each of `rows`."""
        super().observe(step, rows)
        learners = self.learners(rows)
        learns = ~self.frozen[learners]
        state = np.asarray(step.observation, dtype=np.int64)[learns] - self.first_state
        successor = np.asarray(step.next_observation, dtype=np.int64)[learns] - self.first_state
        cell = (learners[learns], state, np.asarray(step.action)[learns] - self.first_action)
        np.add.at(self.counts, (*cell, successor), 1.0)
        np.add.at(self.sums, cell, np.asarray(step.reward)[learns])

    def models(self, rows: np.ndarray, deterministic: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior mean MDPs of `rows`."""
        learners = self.learners(rows)
        alpha = self.counts[learners] + 1
        visits = self.counts[learners].sum(axis=3)
        rewards = (self.sums[learners] + _PRIOR_MEAN) / (visits + 1)
        return alpha / alpha.sum(axis=3, keepdims=True), rewards


class _PSRLLoop(PosteriorLoop):
    def models(self, rows: np.ndarray, deterministic: bool) -> tuple[np.ndarray, np.ndarray]:
        transitions, rewards = super().models(rows, deterministic)
        if deterministic:
            return transitions, rewards
        learners = self.learners(rows)
        for i, (row, learner) in enumerate(zip(rows.tolist(), learners.tolist(), strict=True)):
            # normalised gamma draws are a Dirichlet draw
            transitions[i] = self.random.generator(row).standard_gamma(self.counts[learner] + 1)
        transitions /= transitions.sum(axis=3, keepdims=True)
        noise = np.stack(
            [self.random.generator(row).standard_normal(rewards[0].shape) for row in rows]
        )
        visits = self.counts[learners].sum(axis=3)
        return transitions, rewards + noise / np.sqrt(visits + 1)


@dataclass(frozen=True)
class _TabularBaseline(Baseline):
    """A planner for episodes of `horizon` steps."""

    horizon: int = 10

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.horizon < 1:
            raise ValueError(f"horizon={self.horizon} must be at least 1 step")


@dataclass(frozen=True)
class PSRL(_TabularBaseline):
    """Posterior sampling: draw an MDP for each episode and follow its optimal plan.

    The posterior is exact for the prior named in this module's first lines. Rows that share a
    learner each draw their own MDP.

    Source: Strens (2000); Osband, Russo, Van Roy (2013), algorithm 1.

    Args:
        horizon: Steps per episode.
    """

    loop = _PSRLLoop


class _EpsilonGreedyMDPLoop(PosteriorLoop):
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        greedy = super().act(observation, rows, deterministic)
        if deterministic:
            return greedy
        noise = self.random.uniform(self.rows(rows), 2)
        uniform = np.floor(noise[:, 1] * self.n_actions).astype(np.int64) + self.first_action
        return np.where(noise[:, 0] < self.baseline.epsilon, uniform, greedy)


@dataclass(frozen=True)
class EpsilonGreedyMDP(_TabularBaseline):
    """Plan in the posterior mean MDP at the start of each episode; act at random with `epsilon`.

    The coin is tossed at every step and a random action is uniform; the plan is not revised before
    the next episode. `epsilon=0` is the greedy planner. Prior as in `PSRL`. Over 10 episodes of
    RL^2's MDPs these score 144.8 (`epsilon=0.1`) and 148.5 (0); RL^2's table has 132.8 and 134.8
    and does not say which estimate of the MDP was planned in.

    Args:
        horizon: Steps per episode.
        epsilon: Probability of a uniformly random action.
    """

    epsilon: float = 0.1
    loop = _EpsilonGreedyMDPLoop

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon={self.epsilon} is not a probability; give one in [0, 1]")
