"""What rows have played since their learners' last update. N rows of M learners, T steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .rule import Unroll

_NUMBERS = ("rewards", "alive", "continues", "cut")


class Kept:
    """Arrays [T (+ 1), N, ...] by name, written at each row's own step.

    Numbers of a step are NumPy's until an unroll is asked for: many small writes cost less there.

    Args:
        num_rows: N.
        steps: T.
    """

    def __init__(self, num_rows: int, steps: int):
        self.num_rows, self.steps = num_rows, steps
        self.cursors = np.zeros(num_rows, dtype=np.int64)  # steps of each row
        self.parts: dict[str, torch.Tensor] = {}
        self.numbers: dict[str, np.ndarray] = {}  # float32 [T, N]

    def slots(self, where: np.ndarray) -> Any:
        """Return the index of the next step of rows `where` in the arrays."""
        if len(where) == self.num_rows:
            first = int(self.cursors[0])
            if (self.cursors == first).all():
                return first  # the common case: a slice, not a list of places
        return self.cursors[where], where

    def room(self, name: str, like: torch.Tensor, steps: int) -> torch.Tensor:
        """Return storage for `steps` of arrays like `like` [N, ...], made when first needed."""
        if name not in self.parts:
            self.parts[name] = like.new_zeros(steps, *like.shape)
        return self.parts[name]

    def write(self, part: dict[str, torch.Tensor], where: np.ndarray, everywhere: bool) -> None:
        """Write what rows `where` saw (`"inputs"`) and did at their present step.

        Args:
            part: Of all rows, each [N, ...].
            where: Rows, as integer indices.
            everywhere: Whether these are all rows, in order.
        """
        if not self.numbers:
            shape = self.steps, self.num_rows
            self.numbers = {name: np.zeros(shape, dtype=np.float32) for name in _NUMBERS}
        at = self.slots(where)
        for name, rows in part.items():
            room = self.room(name, rows, self.steps + (name == "inputs"))
            room[at] = rows if everywhere else rows[torch.from_numpy(where)]

    def write_memory(self, memory: torch.Tensor, where: np.ndarray) -> None:
        """Write the memory [N, S] of those of `where` that are at their first step."""
        first = torch.from_numpy(where[self.cursors[where] == 0])
        if len(first):
            self.room("memory", memory, 1)[0, first] = memory[first]

    def advance(
        self,
        where: np.ndarray,
        reward: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
        after: torch.Tensor,
    ) -> None:
        """Write what came of the step of rows `where`, each [R], and what is seen then."""
        at, numbers = self.slots(where), self.numbers
        numbers["rewards"][at] = reward
        numbers["alive"][at] = ~terminated
        numbers["continues"][at] = ~(terminated | truncated)
        cut = truncated & ~terminated
        if cut.any():
            places = self.cursors[where][cut], where[cut]
            numbers["cut"][places] = 1.0
            room = self.room("cut_inputs", self.parts["inputs"][0], self.steps)
            room[places] = after[torch.from_numpy(cut)]
        self.cursors[where] += 1
        self.parts["inputs"][self.slots(where)] = after

    def clear(self, rows: np.ndarray) -> None:
        """Forget what `rows` have played."""
        self.cursors[rows] = 0
        if not self.cursors.any():
            self.parts, self.numbers = {}, {}  # an unroll handed out must not be written to again
        elif self.numbers:
            self.numbers["cut"][:, rows] = 0.0

    def unroll(self, which: np.ndarray, num_learners: int) -> Unroll:
        """Return what learners `which` [M'] have played, with their rows beside each other."""
        rows = self.num_rows // num_learners
        cursors = self.cursors.reshape(num_learners, rows)[which]
        steps = int(cursors.max())
        index = None if len(which) == num_learners else torch.from_numpy(which)

        device = self.parts["inputs"].device
        numbers = {name: torch.from_numpy(one).to(device) for name, one in self.numbers.items()}
        parts = {**self.parts, **numbers}

        def part(name: str, steps: int) -> torch.Tensor:
            whole = parts[name][:steps]
            split = whole.reshape(steps, num_learners, rows, *whole.shape[2:])
            return split if index is None else split[:, index]

        played = np.arange(steps)[:, None, None] < cursors
        further = np.arange(1, steps + 1)[:, None, None] < cursors
        mask, goes_on = (torch.from_numpy(one).to(device).float() for one in (played, further))
        record = {
            name.removeprefix("record."): part(name, steps)
            for name in self.parts
            if name.startswith("record.")
        }
        return Unroll(
            inputs=part("inputs", steps + 1),
            actions=part("actions", steps),
            rewards=part("rewards", steps) * mask,
            alive=part("alive", steps),
            continues=part("continues", steps) * goes_on,
            mask=mask,
            record=record,
            cut=part("cut", steps),
            cut_inputs=part("cut_inputs", steps) if "cut_inputs" in self.parts else None,
            memory=part("memory", 1)[0] if "memory" in self.parts else None,
        )
