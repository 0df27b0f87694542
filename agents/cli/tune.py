"""`metazoo tune`: search for good arguments, and write the best as a preset file."""

from __future__ import annotations

import sys
from typing import Annotated

import tyro

from . import find, ids
from .values import Count, EnvKwargs, Threads, unless


def tune(
    algorithm: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ALGORITHM")],
    id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ID")],
    trials: Count = 50,
    minutes: Annotated[float | None, unless("no limit", "MINUTES")] = None,
    total_timesteps: Count = 200_000,
    eval_tasks: Count = 200,
    search: Annotated[tuple[str, ...], unless("all that declare what to try", "NAME")] = (),
    root: Annotated[str, tyro.conf.arg(metavar="FOLDER")] = "runs",
    seed: Count = 0,
    env_kwargs: EnvKwargs = None,
    arguments: EnvKwargs = None,
    threads: Threads = None,
) -> int:
    """Search for good arguments of an algorithm, by what it earns on held-out tasks.

    Many short trainings; the first has the documented defaults, those that are behind are stopped.
    The best arguments are written as a preset. Ctrl-C loses a trial at most: the same command goes
    on. It needs what pip install "metazoo[tune]" installs.

    For example:
      metazoo tune rl2 meta/DependentBandit-v0 --minutes 10
      metazoo tune rl2 meta/DependentBandit-v0 --search learning_rate gamma --arguments n_envs=64
      metazoo train rl2 meta/DependentBandit-v0 --preset \
          runs/tune-rl2-meta-DependentBandit-v0/preset.json

    Args:
        algorithm: Its name (see metazoo list), or my_agents:Mine.
        id: Task distribution.
        trials: Trials in all, earlier ones of the same study included.
        minutes: Begin no further trial after this long.
        total_timesteps: Environment steps of a trial.
        eval_tasks: Held-out tasks of an evaluation.
        search: Arguments to search.
        root: Folder of all runs, which holds the study.
        seed: Seed of the search and of every trial.
        env_kwargs: Arguments of the task distribution.
        arguments: Arguments of the algorithm that stay as they are.
        threads: Threads of PyTorch.
    """
    if algorithm.lower() not in find.ALGORITHMS and id.lower() in find.ALGORITHMS:
        algorithm, id = id, algorithm
    ids.known(id)
    cls = find.algorithm(algorithm)
    ids.playable(id, cls)
    from ..runs.tune import tune as tune_

    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    given = dict(arguments or {})
    if env_kwargs:
        given["env_kwargs"] = env_kwargs
    found = tune_(
        find.algorithm_name(algorithm) if algorithm.lower() in find.ALGORITHMS else cls,
        id,
        trials=trials,
        minutes=minutes,
        total_timesteps=total_timesteps,
        eval_tasks=eval_tasks,
        search=[name.replace("-", "_") for name in search] or None,
        root=root,
        seed=seed,
        told=lambda line: print(line, file=sys.stderr, flush=True),
        **given,
    )
    told = ", ".join(f"{key}={value}" for key, value in found.arguments.items())
    print(
        f"best of {found.n_trials} trials: {found.score:.5g}, the documented defaults "
        f"{found.default_score:.5g}\n{told or 'the documented defaults are the best'}\n"
        f"preset: {found.preset}\n"
        f"use it: metazoo train {algorithm} {id} --preset {found.preset}"
    )
    return 0
