"""What all baselines share: parameters that open inner loops, row randomness, ties; `Random`.

Shapes: R rows of one call; M learners, one for each `rows_per_task` rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from typing_extensions import Self

from meta_envs.core.rng import RowRandom

from ..core.base.kinds import refuse_unknown
from ..core.play.inner_loop import InnerLoop, Rows

_ACTIONS = 3  # the stream of action randomness, beside the three streams of an environment


class BaselineLoop(InnerLoop):
    """An inner loop that knows its parameters and draws each row's randomness from `seed + row`.

    `act(deterministic=True)` leaves out what a baseline draws at random: ties go to the first
    action, exploration is off, posteriors are replaced by their means. Only `Random` ignores it.

    Args:
        baseline: The parameters.
        venv: A `MetaVectorEnv`.
        rows_per_task: Rows that share one learner.
        seed: Seed of row 0; None uses fresh entropy.
    """

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(venv, rows_per_task, seed)
        self.baseline = baseline
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTIONS)
        self.frozen = np.zeros(self.num_rows // rows_per_task, dtype=bool)  # [M]

    def learners(self, rows: Rows) -> np.ndarray:
        """Return the learner that each of `rows` belongs to, [R]."""
        return self.rows(rows) // self.rows_per_task

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial: the learners of `rows` forget everything and are no longer frozen."""
        self.frozen[self.learners(rows)] = False

    def freeze(self) -> None:
        """Stop learning until `reset`, but keep acting on what is known."""
        self.frozen[:] = True

    def break_ties(self, scores: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        """Return the argmax of `scores` [R, A] as [R].

        Args:
            scores: What to maximise.
            noise: Numbers in [0, 1), [R, A], that break ties; None takes the first.
        """
        if noise is None:
            return scores.argmax(axis=1)
        best = scores == scores.max(axis=1, keepdims=True)
        return np.where(best, noise, -1.0).argmax(axis=1)


@dataclass(frozen=True)
class Baseline:
    """The parameters of a baseline; `agents.evaluate` accepts it like an agent."""

    loop: ClassVar[type[BaselineLoop]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse keywords that the baseline does not accept, suggesting the nearest name."""
        refuse_unknown(cls.__name__, kwargs, [one.name for one in fields(cls) if one.init])
        return super().__new__(cls)

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> BaselineLoop:
        """Return a learner without experience for every task of `venv`.

        Args:
            venv: A `MetaVectorEnv`; `num_envs` is tasks x `rows_per_task`, task-major.
            rows_per_task: Rows that share one learner.
            seed: Seed of row 0; None uses fresh entropy.

        Raises:
            ValueError: If the baseline cannot play in the spaces of `venv`.
        """
        return self.loop(self, venv, rows_per_task, seed)


def discrete(space: spaces.Space, what: str, who: object) -> spaces.Discrete:
    """Return `space` if it is Discrete.

    Raises:
        ValueError: If it is another space; the message names `who` and `what`.
    """
    if not isinstance(space, spaces.Discrete):
        raise ValueError(f"{who} needs a Discrete {what} space, not {space}")
    return space


class _RandomLoop(BaselineLoop):
    """Uniform actions."""

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        space = venv.single_action_space
        if isinstance(space, spaces.Discrete):
            low, width = np.asarray(space.start), np.asarray(space.n, dtype=float)
        elif isinstance(space, spaces.MultiDiscrete):
            low, width = space.start, space.nvec.astype(float)
        elif isinstance(space, spaces.Box) and space.is_bounded():
            low, width = space.low, space.high - space.low.astype(float)
        else:
            raise ValueError(
                f"Random plays Discrete, MultiDiscrete and bounded Box actions, not {space}"
            )
        self.low, self.dtype = low, space.dtype
        self.whole = np.issubdtype(space.dtype, np.integer)
        # The upper bound of an integer Box is itself an action.
        self.width = width + 1 if self.whole and isinstance(space, spaces.Box) else width

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions [R, ...], whatever the observation."""
        rows = self.rows(rows)
        steps = self.random.uniform(rows, self.low.size).reshape(len(rows), *self.low.shape)
        steps = steps * self.width
        return (self.low + (np.floor(steps) if self.whole else steps)).astype(self.dtype)


@dataclass(frozen=True)
class Random(Baseline):
    """Play uniformly in a Discrete, MultiDiscrete or bounded Box action space."""

    loop = _RandomLoop
