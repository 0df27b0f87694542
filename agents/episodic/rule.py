"""How agents with episodic memory value actions and learn from returns. R rows, A actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..core.learning.functional import RMSProp
from ..core.nets.dnd import DND, SAME, Nearest, kernel_weights
from .network import KeyNetwork

Learners = dict[str, torch.Tensor]  # [M, ...]
_SQUARES = "optimizer.squares"


@dataclass(frozen=True)
class EpisodicRule:
    """What MFEC and NEC share; they differ in `values` and `mode`.

    Args:
        network: Network of the keys.
        n_steps: Steps of a row between updates.
        gamma: Discount.
        horizon: Steps after which a return is closed by a value; None waits for the episode's end.
        neighbours: p, entries that an estimate is made of.
        capacity: Entries of a dictionary.
        epsilons: Probability of any action at first, and at last.
        epsilon_steps: Steps of a row until then.
    """

    network: KeyNetwork
    n_steps: int
    gamma: float
    horizon: int | None
    neighbours: int
    capacity: int
    epsilons: tuple[float, float]
    epsilon_steps: int

    mode = "max"
    alpha = 1.0
    replays = False  # whether it learns from a replay buffer too
    adapts = ()  # figures that are meta-parameters; see `Rule`

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners; learner m depends only on `seeds[m]`."""
        return {"policy": self.network.begin(seeds)}

    def room(self, learners: Learners, num_rows: int) -> Learners:
        """Return nothing: what was played is not among a learner's arrays."""
        return {}

    def epsilon(self, steps: float) -> float:
        """Return the probability of any action after this many steps of a row."""
        first, last = self.epsilons
        done = min(steps / self.epsilon_steps, 1.0) if self.epsilon_steps else 1.0
        return first + (last - first) * done

    def read(
        self, store: DND, learner: int, keys: torch.Tensor
    ) -> tuple[torch.Tensor, Nearest, torch.Tensor]:
        """Look keys up in every dictionary of a learner.

        Args:
            store: The dictionaries.
            learner: Index of the learner.
            keys: [R, K].

        Returns:
            Values of actions [R, A], what was found, and the best known value of each row, [R]
            (0 where nothing is known). An action whose dictionary is empty is worth infinitely
            much: it is tried first.
        """
        found = store.nearest(learner, keys, self.neighbours)
        actions = torch.arange(len(found.place), device=keys.device)[:, None, None]
        values = store.values[learner][actions, found.place]
        estimates = self.values(store.keys[learner], actions, keys, found, values)
        known = found.found.any(dim=-1)  # [A, R]
        best = torch.where(known, estimates, -torch.inf).amax(dim=0)
        best = torch.where(known.any(dim=0), best, 0.0)
        return torch.where(known, estimates, torch.inf).T, found, best

    def values(
        self,
        stored: torch.Tensor,
        actions: torch.Tensor,
        keys: torch.Tensor,
        found: Nearest,
        values: torch.Tensor,
    ) -> torch.Tensor:
        """Return estimates [A, R].

        Args:
            stored: Keys of the learner's dictionaries, [A, C, K].
            actions: [A, 1, 1].
            keys: [R, K].
            found: Neighbours [A, R, p].
            values: Their values, [A, R, p].
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what its neighbours tell")


class MFECRule(EpisodicRule):
    """The largest return of a known key; else the mean of the neighbours' (Blundell et al. 2016).

    Source:
        Equations 1 and 2.
    """

    def values(
        self,
        stored: torch.Tensor,
        actions: torch.Tensor,
        keys: torch.Tensor,
        found: Nearest,
        values: torch.Tensor,
    ) -> torch.Tensor:
        """Return estimates [A, R]."""
        there = found.found
        mean = (values * there).sum(dim=-1) / there.sum(dim=-1).clamp(min=1)
        return torch.where(found.squared[..., 0] <= SAME**2, values[..., 0], mean)


@dataclass(frozen=True)
class NECRule(EpisodicRule):
    """The neighbours' values, weighted by a kernel, and gradients (Pritzel et al. 2017).

    Args:
        network: As in `EpisodicRule`, and so on.
        alpha: Share of a new return in the value of a known key.
        delta: Of the kernel.
        learning_rate: Of the network, by RMSProp.
        store_rate: Of keys and values in the dictionaries, by gradient descent; 0 leaves them.
        batch_size: Steps of a gradient step.
        updates_per_step: Gradient steps for each step that was played.
        learning_starts: Steps in the replay buffer before the first.
        replay_size: Steps that it keeps.
    """

    alpha: float = 0.1
    delta: float = 1e-3
    learning_rate: float = 1e-3
    store_rate: float = 1e-3
    batch_size: int = 32
    updates_per_step: float = 0.25
    learning_starts: int = 100
    replay_size: int = 100_000

    mode = "average"
    replays = True

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners and their optimisers' state."""
        policy = self.network.begin(seeds)
        return {"policy": policy, _SQUARES: torch.zeros_like(policy)}

    def values(
        self,
        stored: torch.Tensor,
        actions: torch.Tensor,
        keys: torch.Tensor,
        found: Nearest,
        values: torch.Tensor,
    ) -> torch.Tensor:
        """Return estimates [A, R]."""
        weights = kernel_weights(keys, stored[actions, found.place], found.found, self.delta)
        return (weights * values).sum(dim=-1)

    @torch.enable_grad()
    def update(
        self,
        params: torch.Tensor,
        squares: torch.Tensor,
        store: DND,
        learner: int,
        batch: dict[str, np.ndarray],
    ) -> tuple[torch.Tensor, torch.Tensor, float]:
        """Take a gradient step of a learner's network, and of the dictionary entries that it read.

        Args:
            params: [1, P].
            squares: Mean squares of RMSProp, [1, P].
            store: The dictionaries; written in place.
            learner: Index of the learner.
            batch: `"inputs"` [B, ...], `"actions"` [B] from 0, `"targets"` [B].

        Returns:
            Parameters, mean squares, and the loss before the step.

        Source:
            Section 3.2 and algorithm 1: gradients of the squared error reach the network through
            the query's key, and the keys and values in the dictionary.
        """
        given = params.detach().requires_grad_()
        there = given.device
        keys = self.network.keys(given, torch.from_numpy(batch["inputs"]).to(there)[None])[0]
        taken = batch["actions"].astype(int)
        targets = torch.from_numpy(batch["targets"]).to(there)
        total, moved = torch.zeros((), device=there), []
        for action in np.unique(taken):
            rows = torch.from_numpy(np.flatnonzero(taken == action)).to(there)
            if not store.size[learner, action]:
                continue
            found = store.nearest(learner, keys.detach()[rows], self.neighbours, int(action))
            index, known = found.place[0], found.found[0]
            near, worth = (one.requires_grad_() for one in store.gather(learner, action, index))
            weights = kernel_weights(keys[rows], near, known, self.delta)
            error = (weights * worth).sum(dim=-1) - targets[rows]
            total = total + error.square().sum()
            moved.append((int(action), index, known, near, worth))
        if not moved:
            return params, squares, 0.0
        loss = total / len(taken)
        leaves = [given, *(leaf for one in moved for leaf in one[3:])]
        gradient, *others = torch.autograd.grad(loss, leaves)
        if self.store_rate:
            for (action, index, known, *_), near, worth in zip(
                moved, others[::2], others[1::2], strict=True
            ):
                steps = -self.store_rate * near[known], -self.store_rate * worth[known]
                store.move(learner, action, index[known], *steps)
        optimizer = RMSProp(decay=0.9, eps=1e-2)
        after, state = optimizer.step(params, gradient, {"squares": squares}, self.learning_rate)
        return after, state["squares"], float(loss.detach())
