"""Dictionaries from keys to values, read by nearest neighbours: differentiable neural dictionaries.

M learners with A dictionaries each, C entries in a dictionary, K numbers in a key; Q queries, p
neighbours of each. Neighbours are exact: every distance is computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from meta_envs.core.arguments import choice
from meta_envs.core.memory import refuse_beyond_memory

SAME = 1e-4  # keys closer than this are one key: the last bits of a product depend on its batch
_PARTS = ("keys", "values", "used")


class Nearest(NamedTuple):
    """Neighbours of queries, the nearest first."""

    place: torch.Tensor  # entries, int64 [..., Q, p]
    squared: torch.Tensor  # squared distances, infinite where there is no entry, [..., Q, p]

    @property
    def found(self) -> torch.Tensor:
        """Where there is an entry, bool [..., Q, p]."""
        return self.squared.isfinite()


@torch.no_grad()
def nearest(keys: torch.Tensor, filled: torch.Tensor, queries: torch.Tensor, count: int) -> Nearest:
    """Find the nearest entries of dictionaries.

    Args:
        keys: [..., C, K].
        filled: Where there is an entry, bool [..., C].
        queries: [..., Q, K].
        count: p; fewer are returned where C is smaller.
    """
    exact = "donot_use_mm_for_euclid_dist"  # the quicker way loses small distances
    squared = torch.cdist(queries, keys, compute_mode=exact).square()
    squared = squared.masked_fill(~filled[..., None, :], torch.inf)
    found = squared.topk(min(count, keys.shape[-2]), dim=-1, largest=False)
    return Nearest(found.indices, found.values)


def kernel_weights(
    queries: torch.Tensor, neighbours: torch.Tensor, found: torch.Tensor, delta: float = 1e-3
) -> torch.Tensor:
    """Return the weights [..., Q, p] of neighbours, which sum to 1 (to 0 where there are none).

    A neighbour at distance d weighs 1 / (d^2 + delta). Gradients reach queries and neighbours.

    Args:
        queries: [..., Q, K].
        neighbours: Their keys, [..., Q, p, K].
        found: Where there is a neighbour, bool [..., Q, p].
        delta: Keeps the weight of an equal key finite.

    Source:
        Pritzel et al. 2017 (arXiv 1703.01988), equations 2 and 5.
    """
    squared = (queries[..., None, :] - neighbours).square().sum(dim=-1)
    weights = found / (squared + delta)
    return weights / weights.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)


class DND:
    """M x A dictionaries, written in place; the entry used longest ago makes room for a new one.

    Args:
        learners: M.
        actions: A.
        capacity: C.
        key_size: K.
        value_shape: Shape of a value.
        device: Where keys and values are.

    Raises:
        MemoryError: If the machine lacks the memory; says how much is needed.
        ValueError: If a number is below 1.
    """

    def __init__(
        self,
        learners: int,
        actions: int,
        capacity: int,
        key_size: int,
        value_shape: Sequence[int] = (),
        device: torch.device | str = "cpu",
    ):
        if min(learners, actions, capacity, key_size) < 1:
            raise ValueError(
                f"learners={learners}, actions={actions}, capacity={capacity} and "
                f"key_size={key_size} must be at least 1"
            )
        each = learners * actions * (4 * (key_size + int(np.prod(value_shape))) + 8)
        what = f"capacity={capacity} entries in each of {learners * actions} dictionaries"
        refuse_beyond_memory(capacity, each, what)
        self.capacity = capacity
        at = learners, actions, capacity
        self.keys = torch.zeros(*at, key_size, device=device)
        self.values = torch.zeros(*at, *value_shape, device=device)
        self.used = torch.zeros(at, dtype=torch.int64, device=device)  # clock of the last use
        self.size = np.zeros((learners, actions), dtype=np.int64)
        self.clock = np.zeros(learners, dtype=np.int64)
        self._marked: tuple[np.ndarray, np.ndarray] | None = None
        self._before: list[tuple[tuple, list[torch.Tensor]]] = []  # what changed since the mark
        self._reach = 0  # largest size since the mark

    def clear(self, learners: np.ndarray) -> None:
        """Forget everything of some learners, int64 [M']."""
        for learner in learners:
            for action, size in enumerate(self.size[learner]):
                self._remember(int(learner), action, slice(0, int(size)))
        self.size[learners] = 0
        self.clock[learners] = 0

    def nearest(
        self, learner: int, queries: torch.Tensor, count: int, action: int | None = None
    ) -> Nearest:
        """Find the nearest entries of a learner's dictionaries.

        Args:
            learner: Its index.
            queries: [Q, K].
            count: p.
            action: The dictionary to look in; None looks in each of them.

        Returns:
            [A, Q, p], for one dictionary [1, Q, p]; entries that do not exist are infinitely far.
        """
        which = slice(None) if action is None else slice(action, action + 1)
        size = self.size[learner, which]
        most = max(int(size.max()), 1)
        filled = torch.from_numpy(np.arange(most) < size[:, None])
        keys = self.keys[learner, which, :most]
        return nearest(
            keys, filled.to(keys.device), queries.expand(len(keys), *queries.shape), count
        )

    def touch(self, learner: int, found: Nearest) -> None:
        """Note that a learner read entries [A, Q, p], so that they are not the next to go."""
        self.clock[learner] += 1
        action, _, _ = torch.nonzero(found.found, as_tuple=True)
        index = found.place[found.found]
        self._remember(learner, action, index)
        self.used[learner, action, index] = int(self.clock[learner])

    def write(
        self,
        learner: int,
        action: int,
        keys: torch.Tensor,
        values: torch.Tensor,
        mode: str = "replace",
        alpha: float = 1.0,
    ) -> None:
        """Write entries in one dictionary, one after the other.

        A key that is there already keeps its place, and its value becomes: with `"max"` the larger
        of both, with `"average"` v + alpha (new - v), with `"replace"` the new one.

        Args:
            learner: Index of the learner.
            action: Index of the dictionary.
            keys: [n, K].
            values: [n, ...].
            mode: `"max"`, `"average"` or `"replace"`.
            alpha: Share of the new value in an average.

        Raises:
            ValueError: If the mode is unknown.
        """
        choice("mode", mode, ["max", "average", "replace"])
        for key, value in zip(keys, values, strict=True):
            self.clock[learner] += 1
            place, known = self._place(learner, action, key)
            self._remember(learner, action, place)
            if known:
                old = self.values[learner, action, place]
                if mode == "max":
                    value = torch.maximum(old, value)
                elif mode == "average":
                    value = old + alpha * (value - old)
            else:
                self.keys[learner, action, place] = key
            self.values[learner, action, place] = value
            self.used[learner, action, place] = int(self.clock[learner])

    def _place(self, learner: int, action: int, key: torch.Tensor) -> tuple[int, bool]:
        """Return where a key is, or is to be written, and whether it is there already."""
        size = int(self.size[learner, action])
        if size:
            squared = (self.keys[learner, action, :size] - key).square().sum(dim=-1)
            closest = int(squared.argmin())
            if float(squared[closest]) <= SAME**2:
                return closest, True
        if size < self.capacity:
            self.size[learner, action] += 1
            self._reach = max(self._reach, size + 1)
            return size, False
        return int(self.used[learner, action].argmin()), False

    def gather(
        self, learner: int, action: int, index: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return copies of keys [..., K] and values [..., *V] of entries `index` [...]."""
        return self.keys[learner, action][index], self.values[learner, action][index]

    def move(
        self,
        learner: int,
        action: int,
        index: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
    ) -> None:
        """Add to keys and values of entries: a gradient step; several to one entry add up.

        Args:
            learner: Index of the learner.
            action: Index of the dictionary.
            index: Entries [n].
            keys: What is added to their keys, [n, K].
            values: What is added to their values, [n, *V].
        """
        self._remember(learner, action, index)
        self.keys[learner, action].index_add_(0, index, keys)
        self.values[learner, action].index_add_(0, index, values)

    # ---- checkpoints ----------------------------------------------------------------------------

    def mark(self) -> None:
        """Remember the present content for `marked_state`; from here on, keep what changes."""
        self._marked = self.size.copy(), self.clock.copy()
        self._before, self._reach = [], int(self.size.max())

    def marked_state(self) -> dict[str, torch.Tensor]:
        """Return the content at the last `mark`, as copies: the entries up to the largest size."""
        size, clock = (self.size, self.clock) if self._marked is None else self._marked
        most = int(size.max())
        parts = {name: getattr(self, name)[:, :, : self._reach].clone() for name in _PARTS}
        for at, before in reversed(self._before):
            for name, part in zip(_PARTS, before, strict=True):
                parts[name][at] = part
        kept = {name: part[:, :, :most].contiguous().cpu() for name, part in parts.items()}
        return {**kept, "size": torch.from_numpy(size.copy()), "clock": torch.from_numpy(clock)}

    def set_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Restore what `marked_state` returned.

        Raises:
            ValueError: If it does not fit these dictionaries.
        """
        for name in (*_PARTS, "size", "clock"):
            given = tuple(state[name].shape) if name in state else None
            own = getattr(self, name).shape
            whole = given is not None and (len(given) < 3 or given[2] <= self.capacity)
            if not whole or given is None or given[:2] + given[3:] != own[:2] + own[3:]:
                raise ValueError(f"the saved dictionaries' {name} is {given}, this one's {own}")
        size = state["size"].numpy()
        if (size < 0).any() or (size > state["keys"].shape[2]).any():
            raise ValueError(f"the saved dictionaries' sizes {size.tolist()} exceed their entries")
        for name in _PARTS:
            getattr(self, name)[:, :, : state[name].shape[2]] = state[name]
        self.size, self.clock = size.copy(), state["clock"].numpy().copy()
        self._marked, self._before, self._reach = None, [], int(size.max())

    def _remember(self, learner: int, action: int | torch.Tensor, index: object) -> None:
        if self._marked is not None:
            at = (learner, action, index)
            self._before.append((at, [getattr(self, name)[at].clone() for name in _PARTS]))
