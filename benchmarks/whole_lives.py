"""What new learners earn after a training, on tasks that are the same for whatever is compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from agents.core.base.learning_evolution import LearningEvolution
from agents.core.base.venv import ENDLESS, make_rows
from agents.core.lifetimes.lives import live
from meta_envs.core import tasks as _tasks

SEED = 20_000


def lived(
    agent: LearningEvolution, rule: Any, found: torch.Tensor, steps: int, learners: int
) -> np.ndarray:
    """Return mean returns [learners] after `steps` steps of a row, in held-out tasks if there are.

    Args:
        agent: Gives the environment, rows and episodes.
        rule: How learners learn.
        found: What they are born with, [P].
        steps: Steps of a row; 0 trains nobody.
        learners: Number of learners, each in a task of its own.
    """
    rows = learners * agent.rows_per_task
    kwargs = {"episodes_per_trial": ENDLESS, **(agent.env_kwargs or {})}
    if "test" in getattr(agent.venv.unwrapped, "splits", ()):
        kwargs["split"] = "test"
    venv = make_rows(str(agent.env_id), rows, kwargs)
    tasks = None
    if venv.unwrapped.single_task_space.spaces:
        drawn = venv.unwrapped.sample_tasks(learners, seed=SEED)
        tasks = [_tasks.at(drawn, one) for one in range(learners)]
    result = live(
        venv, rule, found.expand(learners, -1), range(SEED, SEED + learners),
        agent.rows_per_task, steps, agent.n_episodes, tasks,
    )  # fmt: skip
    return np.nanmean(result.returns, axis=1)


def error(values: np.ndarray) -> float:
    """Return the standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))
