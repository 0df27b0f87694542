"""The only place where agents step an environment. N rows, R of them that play."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta_envs.core import batches

from ..losses.finite import StepCheck
from .inner_loop import Rows
from .step import Step

_CHECKED = ("success", "expected_reward")  # the infos that figures are computed from


@dataclass(slots=True)
class PlayedStep(Step):
    """A step, and the rows that played it. N rows in all."""

    rows: Rows = None  # indices of the R rows; None is all N
    shown: Any = None  # what all rows show now, [N, ...]; after an end, the next start


# Called with each step, or with a number of steps by a collector that plays none. False stops.
OnStep = Callable[[PlayedStep | int], bool]


class StoppedError(Exception):
    """`on_step` stopped the collection; the iteration is dropped."""


class Player:
    """Steps an environment with an inner loop, in any subset of rows.

    The environment may be wrapped: it is played with its wrappers, and its task API is that
    of `venv.unwrapped`.

    Args:
        venv: A `MetaVectorEnv`, or vector wrappers of one.
        loop: The inner loop that acts and observes.
        deterministic: Act without sampling.
        on_step: Called after every step; False stops.
        checked: Further infos that must be finite.
        autoreset: Begin the next episode when one ends; otherwise `reset` does, and the last
            observation of an episode (and its picture) stays until then.
    """

    def __init__(
        self,
        venv: Any,
        loop: Any,
        deterministic: bool = False,
        on_step: OnStep | None = None,
        checked: tuple[str, ...] = (),
        autoreset: bool = True,
    ):
        self.venv = venv
        self.loop = loop
        self.deterministic = deterministic
        self.on_step = on_step
        self.autoreset = autoreset
        self.observations: Any = None
        self._check = StepCheck(venv, (*_CHECKED, *checked))

    def reset(
        self, seed: int | Sequence[int] | None = None, options: dict[str, Any] | None = None
    ) -> None:
        """Reset the environment; the loop is not told.

        Args:
            seed: Of row 0, where row i gets `seed + i`; or the seeds of all rows [N].
            options: As in `MetaVectorEnv.reset`.

        Raises:
            NotFiniteError: If an observation is not finite.
            TypeError: If wrappers change infos or observations that are needed.
        """
        self.observations, infos = self.venv.reset(seed=seed, options=options)
        check_infos(self.venv, infos)
        if strange := _no_arrays(self.observations):
            raise TypeError(
                f"{self.venv} shows {strange} where agents need NumPy arrays; leave out the "
                "wrapper that converts them"
            )
        self._check.reset(self.observations, seed)

    def step(self, rows: Rows = None) -> PlayedStep:
        """Step all rows, of which only `rows` act and observe.

        Args:
            rows: Indices [R]; None is all.

        Raises:
            NotFiniteError: If a number of these rows is not finite; the loop does not see it.
            StoppedError: If `on_step` returned False.
        """
        before = self.observations
        shown = before if rows is None else batches.take(before, rows)
        action = self.loop.act(shown, rows, self.deterministic)
        actions = action if rows is None else self._filled(action, rows)
        advance = self.venv.step if self.autoreset else self.venv.unwrapped.advance
        after, reward, terminated, truncated, infos = advance(actions)
        self.observations = after
        successor = infos.get("final_obs", after)
        ended_somewhere = successor is not after
        infos = {key: part for key, part in infos.items() if isinstance(part, np.ndarray)}
        if rows is not None:
            successor = batches.take(successor, rows)
            reward, terminated, truncated = reward[rows], terminated[rows], truncated[rows]
            infos = {key: part[rows] for key, part in infos.items()}
        self._check.stepped(reward, successor, after if ended_somewhere else None, infos, rows)
        step = PlayedStep(
            shown, action, reward, terminated, truncated, successor, infos, rows, after
        )
        self.loop.observe(step, rows)
        if self.on_step is not None and not self.on_step(step):
            raise StoppedError
        return step

    def _filled(self, action: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Fill in valid actions for the rows that do not play."""
        actions = np.zeros((self.venv.num_envs, *action.shape[1:]), dtype=action.dtype)
        actions[:] = getattr(self.venv.single_action_space, "start", 0)
        actions[rows] = action
        return actions


def check_infos(venv: Any, infos: Any) -> None:
    """Refuse a batch whose wrappers hide its infos.

    Raises:
        TypeError: If they do.
    """
    if not isinstance(infos, dict) or "trial_start" not in infos:
        raise TypeError(
            f"{venv} hides the infos of the environment ('trial_start' is not among them); leave "
            "out the wrapper that does, or let it pass them on"
        )


def _no_arrays(batch: Any) -> str | None:
    """Return the type of the first part of a batch that is not a NumPy array."""
    if isinstance(batch, dict | tuple):
        parts = batch.values() if isinstance(batch, dict) else batch
        return next((found for part in parts if (found := _no_arrays(part))), None)
    return None if isinstance(batch, np.ndarray) else type(batch).__name__
