"""Solvers of bandits: they count pulls and sum rewards, and ignore observations.

Shapes: R rows of one call; M learners; A arms.

Two models of rewards: `"bernoulli"` (0 or 1, success rates uniform on [0, 1] beforehand) and
`"gaussian"` (unit noise, means N(0, 1) beforehand; any real reward is taken).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces

from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .base import Baseline, BaselineLoop, discrete

Model = Literal["bernoulli", "gaussian"]
MODELS = ("bernoulli", "gaussian")


class BanditLoop(BaselineLoop):
    """Keeps counts per learner and arm; subclasses score the arms, and the best one is played."""

    noise_per_arm = 1  # uniform numbers per arm and act; the last A of them break ties

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        space = discrete(venv.single_action_space, "action", baseline)
        seen = venv.single_observation_space
        if not (isinstance(seen, spaces.Discrete) and seen.n == 1):
            raise ValueError(
                f"{baseline} is a learner of bandits, which show nothing (Discrete(1)); this "
                f"environment shows {seen}"
            )
        self.arms, self.first = int(space.n), int(space.start)
        self.pulls = np.zeros((len(self.frozen), self.arms))  # [M, A]
        self.sums = np.zeros((len(self.frozen), self.arms))  # summed rewards, [M, A]

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`: forget all pulls."""
        super().reset(rows)
        learners = self.learners(rows)
        self.pulls[learners] = 0
        self.sums[learners] = 0

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose arms [R] by the highest score; equal scores are decided at random."""
        rows = self.rows(rows)
        learners = self.learners(rows)
        noise = None
        if not deterministic:
            noise = self.random.uniform(rows, self.noise_per_arm * self.arms)
        scores = self.scores(self.pulls[learners], self.sums[learners], noise)
        arm = self.break_ties(scores, None if noise is None else noise[:, -self.arms :])
        return arm + self.first

    def scores(self, pulls: np.ndarray, sums: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        """Return what to maximise, [R, A], given `pulls` and `sums` [R, A].

        Args:
            pulls: How often each arm was played.
            sums: Its summed rewards.
            noise: Uniform numbers [R, noise_per_arm * A]; None means no randomness.
        """
        raise NotImplementedError

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Count one pull of each of `rows`.

        Raises:
            ValueError: If a Bernoulli solver sees a reward that is neither 0 nor 1.
        """
        reward = np.asarray(step.reward, dtype=float)
        if getattr(self.baseline, "model", None) == "bernoulli":
            check_bernoulli(reward, self.baseline)
        learners = self.learners(rows)
        learns = ~self.frozen[learners]
        cell = (learners[learns], np.asarray(step.action)[learns] - self.first)
        np.add.at(self.pulls, cell, 1.0)
        np.add.at(self.sums, cell, reward[learns])


def check_bernoulli(reward: np.ndarray, baseline: Any) -> None:
    """Check that every reward is 0 or 1.

    Raises:
        ValueError: If one is not; the message names the first one and a remedy.
    """
    odd = reward[(reward != 0) & (reward != 1)]
    if odd.size:
        takes_model = isinstance(baseline, ModelBaseline)
        way_out = 'use model="gaussian"' if takes_model else 'use Thompson(model="gaussian")'
        raise ValueError(f"{baseline} models rewards 0 and 1 but got {odd[0]:g}; {way_out}")


def posterior_mean(pulls: np.ndarray, sums: np.ndarray, model: Model) -> np.ndarray:
    """Return each arm's expected reward given its history, [R, A].

    Beta(1, 1) prior for `"bernoulli"`; N(0, 1) prior and unit noise for `"gaussian"`.
    """
    return (sums + 1) / (pulls + 2) if model == "bernoulli" else sums / (pulls + 1)


def posterior_sample(
    pulls: np.ndarray, sums: np.ndarray, model: Model, noise: np.ndarray
) -> np.ndarray:
    """Draw each arm's expected reward from its posterior, [R, A], by inverting its distribution.

    Args:
        pulls: How often each arm was played, [R, A].
        sums: Its summed rewards, [R, A].
        model: Prior and noise, as in `posterior_mean`.
        noise: Numbers of U[0, 1), [R, A].
    """
    from scipy.special import betaincinv, ndtri  # half a second that other commands need not wait

    if model == "bernoulli":
        return betaincinv(sums + 1, pulls - sums + 1, noise)
    normal = ndtri(np.maximum(noise, np.finfo(float).tiny))  # U[0, 1) includes 0
    return posterior_mean(pulls, sums, model) + normal / np.sqrt(pulls + 1)


def sample_mean(pulls: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Return the average reward of each arm, [R, A]; infinite where it was never played."""
    return np.where(pulls > 0, sums / np.maximum(pulls, 1), np.inf)


@dataclass(frozen=True)
class ModelBaseline(Baseline):
    """A solver with a model of rewards."""

    model: Model = "bernoulli"

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.model not in MODELS:
            raise ValueError(f"model={self.model!r} is none of {MODELS}")


class _EpsilonGreedyLoop(BanditLoop):
    noise_per_arm = 2

    def scores(self, pulls: np.ndarray, sums: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        model = self.baseline.model
        if model == "bernoulli":
            value = posterior_mean(pulls, sums, model)
        else:
            value = sample_mean(pulls, sums)
        if noise is None:
            return value
        explores = noise[:, :1] < self.baseline.epsilon
        return np.where(explores, 0.0, value)  # all equal: the tie-break is uniform


@dataclass(frozen=True)
class EpsilonGreedy(ModelBaseline):
    """Play the arm of highest estimated reward, but with probability `epsilon` any arm.

    The estimate is the posterior mean under Beta(1, 1) for `model="bernoulli"` and the sample mean,
    unplayed arms first, for `"gaussian"`. Equal estimates are decided at random.

    Args:
        model: `"bernoulli"` or `"gaussian"`.
        epsilon: Probability of a uniformly random arm.
    """

    epsilon: float = 0.1
    loop = _EpsilonGreedyLoop

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon={self.epsilon} is not a probability; give one in [0, 1]")


@dataclass(frozen=True)
class Greedy(ModelBaseline):
    """Play the arm of highest estimated reward: `EpsilonGreedy` that never explores.

    Args:
        model: `"bernoulli"` or `"gaussian"`.
    """

    epsilon: ClassVar[float] = 0.0
    loop = _EpsilonGreedyLoop


class _UCB1Loop(BanditLoop):
    def scores(self, pulls: np.ndarray, sums: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        time = np.maximum(pulls.sum(axis=1, keepdims=True), 1)  # pulls so far
        bonus = self.baseline.c * np.sqrt(2 * np.log(time) / np.maximum(pulls, 1))
        return sample_mean(pulls, sums) + bonus


@dataclass(frozen=True)
class UCB1(Baseline):
    """Play the highest `mean + c * sqrt(2 ln t / n)`, every arm once beforehand.

    t counts all pulls so far and n those of the arm. Rewards may be any real numbers, but `c` is in
    units of reward. `c=1` is the published algorithm; smaller ones score higher on short trials
    (`c=0.3` on two Bernoulli arms and 100 pulls: 64.8 instead of 60.9).

    Source: Auer, Cesa-Bianchi, Fischer (2002), figure 1; the factor `c` as in RL^2's comparison.
    """

    c: float = 1.0
    loop = _UCB1Loop

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not self.c >= 0:
            raise ValueError(f"c={self.c} must not be negative")


class _ThompsonLoop(BanditLoop):
    def scores(self, pulls: np.ndarray, sums: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        if noise is None:
            return posterior_mean(pulls, sums, self.baseline.model)
        return posterior_sample(pulls, sums, self.baseline.model, noise)


@dataclass(frozen=True)
class Thompson(ModelBaseline):
    """Draw each arm's expected reward from its posterior and play the highest draw.

    Source: Thompson (1933); priors as in this module's first lines.

    Args:
        model: `"bernoulli"` or `"gaussian"`.
    """

    loop = _ThompsonLoop


class _OptimisticThompsonLoop(BanditLoop):
    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        self.noise_per_arm = baseline.n_samples + 1

    def scores(self, pulls: np.ndarray, sums: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        model = self.baseline.model
        values = posterior_mean(pulls, sums, model)
        if noise is None:
            return values
        for first in range(0, self.baseline.n_samples * self.arms, self.arms):
            draw = posterior_sample(pulls, sums, model, noise[:, first : first + self.arms])
            values = np.maximum(values, draw)
        return values


@dataclass(frozen=True)
class OptimisticThompson(ModelBaseline):
    """Thompson sampling whose draws never fall below the posterior mean.

    An arm's value is the largest of its posterior mean and `n_samples` draws from its posterior;
    one draw is the published algorithm. RL^2's table lists 77.9 for five arms and 100 pulls, of a
    variant that it does not define; this one scores 75.8 with one draw and 75.3 with five.

    Source: May, Korda, Lee, Leslie (2012), optimistic Bayesian sampling.

    Args:
        model: `"bernoulli"` or `"gaussian"`.
        n_samples: Draws per arm and pull.
    """

    n_samples: int = 1
    loop = _OptimisticThompsonLoop

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        if self.n_samples < 1:
            raise ValueError(f"n_samples={self.n_samples} must be at least 1")
