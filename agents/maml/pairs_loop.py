"""The inner loop of supervised learners. B rows, I and O numbers of an input and an output."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from ..core.learning.adaptation import Parameters, spread
from ..core.play.inner_loop import InnerLoop, Rows


class PairsLoop(InnerLoop):
    """Collects the pairs shown in observations; adapts to them when asked for a value.

    Args:
        agent: The agent whose network, rates and steps are used; not changed.
        venv: An environment whose observations are [x, y, whether y is shown].
        rows_per_task: Rows that share their pairs.
        seed: Not used: answers are not drawn.
    """

    def __init__(self, agent: Any, venv: Any, rows_per_task: int, seed: int | None):
        super().__init__(venv, rows_per_task, seed)
        self.agent = agent
        space = venv.single_action_space
        self.labels = isinstance(space, spaces.Discrete)
        self.outputs = int(space.n if self.labels else np.prod(space.shape))
        self._first = int(space.start) if self.labels else 0
        self._scale = venv.single_observation_space.high[-1 - self.outputs : -1]
        self.num_tasks = self.num_rows // rows_per_task
        self.frozen = np.zeros(self.num_tasks, dtype=bool)
        self.reset()

    def reset(self, rows: Rows = None) -> None:
        """Forget the pairs of the tasks that `rows` belong to."""
        if rows is None or len(rows) == self.num_rows:
            self._pairs: list[list[np.ndarray]] = [[] for _ in range(self.num_tasks)]
            self._adapted: Parameters | None = None
            self.frozen[:] = False
            return
        for task in np.unique(self.rows(rows) // self.rows_per_task):
            self._pairs[task] = []
            self.frozen[task] = False
        self._adapted = None

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Answer; if y is asked for, learn first from the pairs shown so far."""
        where, seen = self.rows(rows), np.asarray(observation, np.float32)
        shown = seen[:, -1] > 0
        tasks = where // self.rows_per_task
        for pair, task in zip(seen[shown], tasks[shown], strict=True):
            if not self.frozen[task]:
                self._pairs[task].append(pair)
                self._adapted = None
        if shown.all():
            return self._actions(np.zeros((len(seen), self.outputs), np.float32))  # none was asked
        if self._adapted is None:
            self._adapted = self._learn()
        own = {name: part[torch.from_numpy(tasks)] for name, part in self._adapted.items()}
        return self.answers(seen, own)

    def freeze(self) -> None:
        """Take no more pairs, until `reset`."""
        self.frozen[:] = True

    @torch.no_grad()
    def answers(self, seen: np.ndarray, own: Parameters | None) -> np.ndarray:
        """Return actions for observations, with each row's parameters or the initial ones.

        Args:
            seen: [B, I + O + 1].
            own: One set per row, [B, ...]; None takes the initial ones.
        """
        network = self.agent.policy
        x = torch.from_numpy(seen[:, None, : -1 - self.outputs]).to(self.agent.device)
        y = network(x) if own is None else network.apply_parameters(own, x)
        return self._actions((y[:, 0].cpu().numpy() / self._scale).astype(np.float32))

    def _actions(self, answers: np.ndarray) -> np.ndarray:
        """Return actions for answers [B, O]: themselves, or the likeliest labels [B]."""
        return answers.argmax(axis=1) + self._first if self.labels else answers

    def _learn(self) -> Parameters:
        """Adapt every task to its pairs; tasks with equally many pairs are batched."""
        shared = dict(self.agent.policy.named_parameters())
        found = spread({name: part.detach() for name, part in shared.items()}, self.num_tasks)
        found = {name: part.clone() for name, part in found.items()}
        counts = np.array([len(pairs) for pairs in self._pairs])
        for count in np.unique(counts[counts > 0]).tolist():
            tasks = np.flatnonzero(counts == count)
            pairs = torch.from_numpy(np.stack([np.stack(self._pairs[task]) for task in tasks]))
            x, y = pairs[..., : -1 - self.outputs], pairs[..., -1 - self.outputs : -1]
            device = self.agent.device
            adapted = self.agent.adapt(x.to(device), y.to(device), self.agent.test_steps)
            for name, part in adapted.items():
                found[name][torch.from_numpy(tasks)] = part.detach()
        return found
