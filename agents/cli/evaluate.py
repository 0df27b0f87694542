"""`metazoo evaluate`: measure a run, a checkpoint or a baseline on held-out tasks."""

from __future__ import annotations

import sys
from typing import Annotated

import tyro

from . import find
from .values import Count, EnvKwargs, OfTrial, Split, Threads, unless


def evaluate(
    agent: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")],
    id: Annotated[str | None, tyro.conf.Positional, unless("its own", "ID")] = None,
    split: Split = None,
    num_tasks: Count = 1000,
    episodes: OfTrial = None,
    rows_per_task: Count = 1,
    frozen_episodes: Count = 0,
    seed: Count = 0,
    deterministic: bool = False,
    env_kwargs: EnvKwargs = None,
    threads: Threads = None,
    out: Annotated[str | None, unless("print only", "FILE")] = None,
) -> int:
    """Measure how an agent adapts: its return in episode 1, 2, ... K of tasks it has never seen.

    Every agent with the same seed plays the same tasks.

    For example:
      metazoo evaluate runs/last
      metazoo evaluate runs/last meta/DependentBandit-v0 --env-kwargs variant=hard
      metazoo evaluate ucb1:c=0.3 meta/BernoulliBandit-v0 --num-tasks 10000 --out ucb1.csv

    Args:
        agent: A run's folder, a checkpoint (.zip) or a baseline (see metazoo list).
        id: Task distribution; a trained agent has its own, with its arguments.
        split: Which tasks.
        num_tasks: Number of tasks.
        episodes: Episodes a task.
        rows_per_task: Rows that share a task and a learner.
        frozen_episodes: Further episodes after learning is switched off.
        seed: Seed of tasks, episodes and actions.
        deterministic: Act without sampling.
        env_kwargs: Arguments of the task distribution.
        threads: Threads of PyTorch.
        out: Write the curve to this CSV file, which metazoo plot takes.
    """
    if id is not None:
        find.distribution(id)
    player = find.agent(agent)
    id, kwargs = find.setting(player, agent, id, env_kwargs)
    from ..core.evaluation.evaluate import evaluate as measure

    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    curve = measure(
        player,
        id,
        split=split,
        num_tasks=num_tasks,
        episodes=episodes,
        rows_per_task=rows_per_task,
        frozen_episodes=frozen_episodes,
        env_kwargs=kwargs,
        deterministic=deterministic,
        seed=seed,
    )
    print(curve, flush=True)
    if out is not None:
        curve.to_csv(out)
        print(f"written: {out}", file=sys.stderr)
    return 0
