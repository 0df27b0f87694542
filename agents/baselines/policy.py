"""Any function, or object with `predict`, as an inner loop that learns nothing.

Shapes: R rows of one call.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta_envs.core import batches

from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .base import Baseline, BaselineLoop

_KEYWORDS = ("state", "episode_start", "deterministic")  # of Stable-Baselines3's predict


class _PolicyLoop(BaselineLoop):
    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        self.predict = getattr(baseline.policy, "predict", None)
        self.takes = _taken(self.predict)
        self.state: Any = None
        self.rows_of_state = np.arange(0)
        self.starts = np.ones(self.num_rows, dtype=bool)

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`."""
        super().reset(rows)
        self.starts[self.rows(rows)] = True

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions [R, ...]: `predict` for all rows at once, a function row by row."""
        rows = self.rows(rows)
        if self.predict is None:
            each = [self.baseline.policy(batches.take(observation, i)) for i in range(len(rows))]
            return self._checked(np.asarray(each), len(rows))
        if self.state is not None and not np.array_equal(rows, self.rows_of_state):
            raise ValueError(
                f"{self.baseline} carries a state, and rows no longer play together; write an "
                "inner loop instead (CONTRIBUTING.md)"
            )
        known = {
            "state": self.state,
            "episode_start": self.starts[rows],
            "deterministic": deterministic,
        }
        found = self.predict(observation, **{name: known[name] for name in self.takes})
        if isinstance(found, tuple) and len(found) == 2:
            found, self.state = found
            self.rows_of_state = rows
        return self._checked(np.asarray(found), len(rows))

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Remember which rows begin an episode."""
        self.starts[self.rows(rows)] = step.ended

    def _checked(self, actions: np.ndarray, count: int) -> np.ndarray:
        space = self.venv.single_action_space
        if actions.shape != (count, *space.shape):
            given = f"{count} observations" if self.predict else "each observation"
            raise ValueError(
                f"{self.baseline} answered {given} with actions of shape {actions.shape}; "
                f"{space} needs {(count, *space.shape)}"
            )
        return actions.astype(space.dtype, copy=False)


@dataclass(frozen=True)
class Policy(Baseline):
    """Play a function of an observation, or an object with `predict`; it learns nothing.

    `agents.evaluate` wraps both by itself. A function is called with the observation of one row,
    and returns its action. `predict` gets the observations of all rows, [R, ...], as a
    Stable-Baselines3 model does, and returns their actions, alone or with a state; of `state`,
    `episode_start` and `deterministic` it is given those that it takes.

    Args:
        policy: The function or object.

    Raises:
        TypeError: If `policy` is neither.
        ValueError: While playing, if actions have another shape than the action space.
    """

    policy: Any
    loop = _PolicyLoop

    def __post_init__(self) -> None:
        """Check that it can be called."""
        if not callable(getattr(self.policy, "predict", self.policy)):
            raise TypeError(f"policy={self.policy!r} is no function and has no predict")

    def __repr__(self) -> str:
        """Return the name of the function or class, without an address."""
        own = getattr(self.policy, "__name__", None)
        return str(own or type(self.policy).__name__)

    @property
    def seed(self) -> int | None:
        """The training seed, where the object knows one."""
        return getattr(self.policy, "seed", None)

    @property
    def num_timesteps(self) -> int | None:
        """The steps of training, where the object knows them."""
        return getattr(self.policy, "num_timesteps", None)


def _taken(predict: Any) -> tuple[str, ...]:
    """Return the keywords that a `predict` takes."""
    if predict is None:
        return ()
    parameters = inspect.signature(predict).parameters
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return _KEYWORDS
    return tuple(name for name in _KEYWORDS if name in parameters)
