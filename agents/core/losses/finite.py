"""Stop training and evaluation with a clear error before learning from non-finite numbers.

N rows, of which R are playing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

_LARGEST = float(np.finfo(np.float32).max)  # what networks and replay buffers can hold
_SMALL_SQUARES = 1e37  # a sum of squares up to this has finite terms in float32
_SLOWER = "try a smaller learning_rate, or max_grad_norm"
_TELLING = ("loss", "grad_norm")  # figures that must be finite, by parts of their names


class NotFiniteError(ValueError):
    """A reward, an observation, a loss, a gradient or a parameter is NaN or infinite.

    Args:
        message: What is not finite, where, and what to do.
        term: The quantity, e.g. `"reward"`.
        row: Row of the environment; None if it belongs to no row.
        step: Steps after the reset at which it occurred; None if it belongs to no step.
    """

    def __init__(
        self, message: str, term: str = "", row: int | None = None, step: int | None = None
    ):
        super().__init__(message)
        self.term, self.row, self.step = term, row, step

    def followed_by(self, words: str) -> NotFiniteError:
        """Return the same error with more words appended to its message."""
        return type(self)(f"{self}; {words}", self.term, self.row, self.step)


def all_finite(values: np.ndarray) -> bool:
    """Tell whether every number is finite in float32, the type of networks and buffers."""
    if values.dtype.kind != "f" or not values.size:
        return True
    if np.vdot(values, values) <= _SMALL_SQUARES:  # three times as fast, and nearly always enough
        return True
    return bool(np.abs(values).max() <= _LARGEST)  # comparisons with NaN are False


class StepCheck:
    """Refuses non-finite numbers from an environment.

    Args:
        venv: The environment, named in errors.
        infos: Names of the infos in use, which are checked where present.
    """

    def __init__(self, venv: Any, infos: tuple[str, ...]):
        self.venv = venv
        self.infos = infos
        self.seed: int | Sequence[int] | None = None
        self.step = 0

    def reset(self, observations: Any, seed: int | Sequence[int] | None) -> None:
        """Check the observations of a reset, [N, ...]; without a seed, step counts continue.

        Raises:
            NotFiniteError: Names id, row and key.
        """
        if seed is not None:
            self.seed, self.step = seed, 0
        self._observations("observation", observations, None)

    def stepped(
        self, reward: np.ndarray, observation: Any, shown: Any, infos: Mapping[str, Any], rows: Any
    ) -> None:
        """Check one step.

        Args:
            reward: [R].
            observation: True successor observations, [R, ...].
            shown: What all rows show now, [N, ...], if it differs from `observation`; else None.
            infos: Infos of these rows.
            rows: Indices [R]; None for all.

        Raises:
            NotFiniteError: Names id, row, step and term.
        """
        self.step += 1
        if not all_finite(reward):
            self._refuse("reward", reward, rows)
        self._observations("observation", observation, rows)
        if shown is not None:
            part = shown if rows is None else _taken(shown, rows)
            self._observations("observation at an episode's start", part, rows)
        for name in self.infos:
            if name in infos and not all_finite(infos[name]):
                self._refuse(f"info {name!r}", infos[name], rows)

    def _observations(self, term: str, batch: Any, rows: Any) -> None:
        for key, part in _leaves(batch):
            if not all_finite(part):
                self._refuse(f"{term}{key}", part, rows)

    def _refuse(self, term: str, values: np.ndarray, rows: Any) -> None:
        flat = values.reshape(len(values), -1)
        wrong = ~(np.abs(flat) <= _LARGEST)
        index = int(np.flatnonzero(wrong.any(axis=1))[0])
        row = index if rows is None else int(rows[index])
        base = self.venv.unwrapped
        name = getattr(base.spec, "id", None) or type(base).__name__
        value = flat[index][wrong[index]][0]
        seed = self.seed[row] if isinstance(self.seed, Sequence) else self.seed
        after = "a reset" if seed is None else f"reset(seed={seed})"
        raise NotFiniteError(
            f"{name}: the {term} of row {row} is {value} at step {self.step} after {after}; it "
            f"must be finite in float32. Correct the environment (`metazoo check {name}` tests it)",
            term,
            row,
            self.step,
        )


def check_figures(figures: Mapping[str, float]) -> None:
    """Refuse losses and gradient norms that are not finite.

    Other figures may be undefined, such as the explained variance of equal returns.

    Raises:
        NotFiniteError: Names the figure.
    """
    for name, value in figures.items():
        if any(part in name for part in _TELLING) and not np.isfinite(value):
            raise NotFiniteError(f"{name} is {value}; {_SLOWER}", name)


def check_tensors(kind: str, named: Iterable[tuple[str, Any]], cure: str = _SLOWER) -> None:
    """Refuse tensors that hold non-finite numbers.

    Args:
        kind: What the tensors are, for the message, e.g. `"parameter"`.
        named: Names and tensors; anything that is not a float tensor is skipped.
        cure: What to do about it, for the message.

    Raises:
        NotFiniteError: Names the first such tensor.
    """
    for name, part in named:
        if not isinstance(part, torch.Tensor) or not part.is_floating_point():
            continue
        if math.isfinite(part.detach().sum()):  # nearly always enough, and ten times as fast
            continue
        finite = torch.isfinite(part)
        if not bool(finite.all()):
            wrong = int((~finite).sum())
            raise NotFiniteError(
                f"{kind} {name} has {wrong} of {part.numel()} numbers that are not finite; {cure}",
                f"{kind} {name}",
            )


def tensors_of_optimizer(optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Any]]:
    """Yield an optimiser's state for each parameter, under names such as `exp_avg of 3`."""
    for index, state in enumerate(optimizer.state.values()):
        for name, part in state.items():
            yield f"{name} of {index}", part


def _leaves(batch: Any, key: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of a batch of observations, with their keys as text."""
    if isinstance(batch, dict):
        for name, part in batch.items():
            yield from _leaves(part, f"{key}[{name!r}]")
    elif isinstance(batch, tuple):
        for index, part in enumerate(batch):
            yield from _leaves(part, f"{key}[{index}]")
    else:
        yield key, np.asarray(batch)


def _taken(batch: Any, rows: np.ndarray) -> Any:
    if isinstance(batch, dict):
        return {key: _taken(part, rows) for key, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_taken(part, rows) for part in batch)
    return batch[rows]
