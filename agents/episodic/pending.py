"""Steps whose returns are not known yet. K numbers in a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

_NUMBERS = ("action", "reward", "value")


@dataclass(slots=True)
class Waiting:
    """One step of a row."""

    key: torch.Tensor  # [K]
    inputs: torch.Tensor  # what was seen, [...]
    action: int  # from 0
    reward: float
    value: float  # of what was seen


@dataclass(slots=True)
class Known:
    """A step and its return."""

    step: Waiting
    target: float


class Pending:
    """The open steps of N rows.

    Args:
        num_rows: N.
        horizon: Steps after which a return is closed by a value; None waits for the episode's end.
        gamma: Discount.
        device: Where keys and inputs are.
    """

    def __init__(
        self,
        num_rows: int,
        horizon: int | None,
        gamma: float,
        device: torch.device | str = "cpu",
    ):
        self.horizon, self.gamma, self.device = horizon, gamma, device
        self.rows: list[list[Waiting]] = [[] for _ in range(num_rows)]

    def add(self, row: int, step: Waiting) -> list[Known]:
        """Add a step, and return the one whose horizon it begins beyond, if there is one."""
        waiting = self.rows[row]
        waiting.append(step)
        if self.horizon is None or len(waiting) <= self.horizon:
            return []
        target = step.value
        for one in reversed(waiting[:-1]):
            target = one.reward + self.gamma * target
        return [Known(waiting.pop(0), target)]

    def end(self, row: int, value: float) -> list[Known]:
        """End an episode, and return its open steps, the last one first.

        Args:
            row: The row.
            value: What follows the last step is worth.
        """
        known, target = [], value
        for one in reversed(self.rows[row]):
            target = one.reward + self.gamma * target
            known.append(Known(one, target))
        self.rows[row] = []
        return known

    def forget(self, rows: np.ndarray) -> None:
        """Drop the open steps of rows."""
        for row in rows:
            self.rows[int(row)] = []

    def state(self) -> dict[str, torch.Tensor]:
        """Return the open steps, for a checkpoint."""
        steps = [one for row in self.rows for one in row]
        state = {"counts": torch.tensor([len(row) for row in self.rows])}
        if steps:
            state["key"] = torch.stack([one.key for one in steps]).cpu()
            state["inputs"] = torch.stack([one.inputs for one in steps]).cpu()
        for name in _NUMBERS:
            numbers = [float(getattr(one, name)) for one in steps]
            state[name] = torch.tensor(numbers, dtype=torch.float64)
        return state

    def set_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Restore what `state` returned.

        Raises:
            ValueError: If it is of another number of rows, or incomplete.
        """
        counts = state["counts"].tolist()
        parts = ("key", "inputs", *_NUMBERS) if sum(counts) else _NUMBERS
        lengths = {len(state[name]) if name in state else None for name in parts}
        if len(counts) != len(self.rows) or lengths != {sum(counts)} or min(counts) < 0:
            raise ValueError(
                f"the saved open steps are {counts} of {len(counts)} rows, with {lengths} numbers; "
                f"this agent has {len(self.rows)} rows"
            )
        numbers = zip(*(state[name].tolist() for name in _NUMBERS), strict=True)
        seen = {name: state[name].clone().to(self.device) for name in parts[:-3]}
        steps = [
            Waiting(seen["key"][at], seen["inputs"][at], int(action), *others)
            for at, (action, *others) in enumerate(numbers)
        ]
        ends = np.cumsum(counts)
        self.rows = [steps[end - count : end] for end, count in zip(ends, counts, strict=True)]
