"""The inner loop of agents that are shown demonstrations. R rows, M tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import pad

from meta_envs.core import batches

from ..core.play.demonstrations import Demonstration, DemonstrationSet
from ..core.play.inner_loop import InnerLoop, Rows
from ..core.play.step import Step


class ImitationLoop(InnerLoop):
    """Learns from demonstrations alone, and acts by what it has learnt of each task.

    Rows of a task share what they are shown. Actions are not drawn.

    Args:
        agent: Its `learnt` and `answer` are used; not changed.
        venv: Its spaces must be those of the agent.
        rows_per_task: As in `InnerLoop`.
        seed: As in `InnerLoop`.
    """

    def __init__(self, agent: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None):
        super().__init__(venv, rows_per_task, seed)
        self.agent = agent
        self.num_tasks = self.num_rows // rows_per_task
        self.frozen = np.zeros(self.num_tasks, dtype=bool)
        self._given: list[list[Demonstration]] = [[] for _ in range(self.num_tasks)]
        self._begin()

    @torch.no_grad()
    def _begin(self) -> None:
        known = self.agent.learnt(None, self.num_tasks)
        self.known = {name: part.detach().clone() for name, part in known.items()}

    @torch.no_grad()
    def reset(self, rows: Rows = None) -> None:
        """Forget the demonstrations of the tasks that `rows` belong to."""
        tasks = np.unique(self.rows(rows) // self.rows_per_task)
        self.frozen[tasks] = False
        for task in tasks:
            self._given[task] = []
        self._keep(tasks, self.agent.learnt(None, len(tasks)))

    def condition(self, episodes: Sequence[Sequence[Step]], rows: Rows = None) -> None:
        """Learn from one more demonstration for each of `rows`.

        Args:
            episodes: As in `InnerLoop`. Rewards are not used; actions are, if the agent uses them.
            rows: Indices [R]; None is all.

        Raises:
            ValueError: If there is not one episode for each row; if one has no steps, other spaces,
                or no actions although they are needed.
        """
        where = self.rows(rows)
        if len(episodes) != len(where):
            raise ValueError(f"{len(episodes)} episodes for {len(where)} rows; give one for each")
        for row, steps in zip(where, episodes, strict=True):
            task = row // self.rows_per_task
            if not self.frozen[task]:
                self._given[task].append(self._episode(steps))
        tasks = np.unique(where // self.rows_per_task)
        tasks = tasks[~self.frozen[tasks]]
        counts = np.array([len(self._given[task]) for task in tasks], dtype=np.int64)
        for count in np.unique(counts).tolist():  # those with equally many are batched
            alike = tasks[counts == count]
            given = self.agent.shown([self._given[task] for task in alike])
            self._keep(alike, self.agent.learnt(given, len(alike)))

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions in `rows`."""
        where = self.rows(rows)
        inputs = self.agent.policy.inputs(observation).to(self.agent.device)
        tasks = where // self.rows_per_task
        if len(where) == self.num_rows and np.array_equal(where, np.arange(self.num_rows)):
            by_task = inputs.reshape(self.num_tasks, self.rows_per_task, -1)
            answers = self.agent.answer(self.known, by_task).flatten(0, 1)
        else:
            own = {name: part[torch.from_numpy(tasks)] for name, part in self.known.items()}
            answers = self.agent.answer(own, inputs[:, None])[:, 0]
        return self.agent.answers.actions(answers.cpu())

    def freeze(self) -> None:
        """Take no more demonstrations, until `reset`."""
        self.frozen[:] = True

    def _keep(self, tasks: np.ndarray, known: Mapping[str, torch.Tensor]) -> None:
        """Keep what is known of some tasks; shorter memories are filled up with zeros."""
        for name, part in known.items():
            whole = self.known[name]
            if part.dim() > 1 and (missing := part.shape[1] - whole.shape[1]):
                after = (0, 0) * (part.dim() - 2)
                if missing > 0:
                    whole = self.known[name] = pad(whole, (*after, 0, missing))
                else:
                    part = pad(part, (*after, 0, -missing))
            whole[torch.from_numpy(tasks)] = part.detach()

    def _episode(self, steps: Sequence[Step]) -> Demonstration:
        """Return the steps of one row as a demonstration."""
        if not len(steps):
            raise ValueError("a demonstration has no steps; it needs at least one")
        seen = [batches.take(one.observation, 0) for one in steps]
        seen.append(batches.take(steps[-1].next_observation, 0))
        actions = None
        if all(one.action is not None for one in steps):
            actions = np.stack([np.asarray(one.action)[0] for one in steps])
        spaces = self.venv.single_observation_space, self.venv.single_action_space
        return DemonstrationSet([Demonstration(batches.stack(seen), actions)], *spaces).episodes[0]
