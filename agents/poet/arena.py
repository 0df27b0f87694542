"""Where POET's agents are measured and improved: by playing episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.population import Around, Job
from ..core.learning.evolution import State
from ..core.play.player import OnStep
from .niches import Niche, Task


class Playground:
    """Measures and improves agents by playing; every call plays other episodes."""

    def __init__(self, agent: Any, on_step: OnStep):
        self.agent, self.on_step = agent, on_step
        self.figures: dict[str, float] = {}
        self.improved = 0  # steps of the evolution strategy
        self._calls = 0

    def scored(self, niches: Sequence[Niche]) -> list[Niche]:
        """Return niches with new scores."""
        scores = self.score([one.state["center"] for one in niches], [one.task for one in niches])
        return [
            replace(one, score=score) for one, score in zip(niches, scores.tolist(), strict=True)
        ]

    def score(self, centers: Sequence[torch.Tensor], tasks: Sequence[Task]) -> np.ndarray:
        """Return the mean return of each agent in its task, [M]."""
        seeds = self._seeds(len(centers), self.agent.eval_episodes)
        params = torch.stack(list(centers)).numpy()
        job = Job(self.agent.network, params, seeds, list(tasks), self.agent.sampled)
        return self.agent._play([job], self.on_step)[0].returns.mean(axis=1)

    def improve(self, states: Sequence[State], tasks: Sequence[Task]) -> list[State]:
        """Take one step of the evolution strategy for each agent in its task."""
        agent = self.agent
        self.improved += len(states)
        noise = fold(agent.seed, "niche", agent.iteration)
        jobs = []
        for index, (state, task) in enumerate(zip(states, tasks, strict=True)):
            around = Around.of(agent.strategy, state, fold(noise, "noise", self._calls + index))
            seeds = self._seeds(agent.population, agent.n_episodes)
            jobs.append(Job(agent.network, around, seeds, [task] * agent.population, agent.sampled))
        played = agent._play(jobs, self.on_step)
        after = []
        for state, job, result in zip(states, jobs, played, strict=True):
            members = job.members
            assert isinstance(members, Around)
            new, figures = agent.strategy.tell(state, members.seed, result.returns.mean(axis=1))
            self.figures = {
                name: figures[name] for name in ("fitness_mean", "fitness_max", "nan_fitness")
            }
            after.append(new)
        return after

    def begin(self, center: torch.Tensor) -> State:
        """Return a new state of the evolution strategy."""
        return self.agent.strategy.begin(center)

    def mutate(self, task: Task, rng: np.random.Generator) -> Task:
        """Return a task near another."""
        return self.agent.venv.unwrapped.distribution.mutate_task(task, rng)

    def features(self, task: Task) -> np.ndarray:
        """Return what novelty is measured by."""
        family = self.agent.venv.unwrapped
        if hasattr(family, "novelty_features"):
            return np.asarray(family.novelty_features(task), dtype=np.float64)
        return flat_features(family.single_task_space, task)

    def _seeds(self, members: int, episodes: int) -> np.ndarray:
        agent = self.agent
        first = fold(agent.seed, "episodes", (agent.iteration << 20) + self._calls)
        self._calls += 1
        return np.tile(np.arange(first, first + episodes), (members, 1))


def flat_features(space: Any, task: Task) -> np.ndarray:
    """Return a task's numbers, each divided by its range (by 1 if that is not finite)."""
    parts = []
    for key, part in space.items():
        value = np.ravel(np.asarray(task[key], dtype=np.float64))
        low, high = getattr(part, "low", None), getattr(part, "high", None)
        if low is None:
            width: Any = np.ravel(getattr(part, "nvec", getattr(part, "n", 1))) - 1.0
        else:
            width = np.ravel(high - low)
        width = np.where(np.isfinite(width) & (width > 0), width, 1.0)
        parts.append(value / width)
    return np.concatenate(parts)
