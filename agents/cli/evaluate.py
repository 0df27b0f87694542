"""`metazoo evaluate`: measure a run, a checkpoint or a baseline on held-out tasks."""

from __future__ import annotations

import sys
from typing import Annotated

import tyro

from . import find, ids
from .pretrained import who_plays
from .values import Count, EnvKwargs, OfTrial, Split, Threads, spec, unless, whole_number


def evaluate(
    agent: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")],
    id: Annotated[str | None, tyro.conf.Positional, unless("its own", "[ID]")] = None,
    split: Split = None,
    num_tasks: Annotated[int | None, spec(whole_number, "N"), unless("1000", "N")] = None,
    episodes: OfTrial = None,
    rows_per_task: Count = 1,
    frozen_episodes: Count = 0,
    exploration_episodes: OfTrial = None,
    steps: Annotated[
        int | None, spec(whole_number, "N"), unless("episodes, not a life", "N")
    ] = None,
    bins: Annotated[int | None, spec(whole_number, "N"), unless("100", "N")] = None,
    seed: Count = 0,
    deterministic: bool = False,
    pretrained: bool = False,
    env_kwargs: EnvKwargs = None,
    threads: Threads = None,
    out: Annotated[str | None, unless("print only", "FILE")] = None,
    demonstrations: Annotated[str | None, unless("none", "N|FILE")] = None,
) -> int:
    """Measure how an agent adapts: its return in episode 1, 2, ... K of tasks it has never seen.

    Every agent with the same seed plays the same tasks.

    For example:
      metazoo evaluate runs/last
      metazoo evaluate runs/last meta/DependentBandit-v0 --env-kwargs variant=hard
      metazoo evaluate rl2 meta/DependentBandit-v0 --pretrained
      metazoo evaluate ucb1:c=0.3 meta/BernoulliBandit-v0 --num-tasks 10000 --out ucb1.csv
      metazoo evaluate my_module:my_policy meta/PointGoal-v0

    Args:
        agent: A run's folder, a checkpoint (.zip), a baseline (see metazoo list), or module:name
            of a function of an observation, or of an object with predict.
        id: Task distribution; a trained agent has its own, with its arguments.
        split: Which tasks.
        num_tasks: Number of tasks.
        episodes: Episodes a task.
        rows_per_task: Rows that share a task and a learner.
        frozen_episodes: Further episodes after learning is switched off.
        exploration_episodes: First episodes a task that are for exploring and do not count.
        steps: Measure a lifetime of this many steps per row, from scratch. Without it, agents of
            one lifetime (a2c) act as they were trained.
        bins: Parts in which a lifetime is reported.
        seed: Seed of tasks, episodes and actions.
        deterministic: Act without sampling.
        pretrained: AGENT is an algorithm, whose agent comes from the zoo (see metazoo zoo).
        env_kwargs: Arguments of the task distribution.
        threads: Threads of PyTorch.
        out: Write the curve to this CSV file, which metazoo plot takes.
        demonstrations: Show each task first: so many times, by the task distribution's expert; or
            the file of a DemonstrationSet, whose tasks are then played.
    """
    agent, id = ids.in_order(agent, id)
    if id is not None:
        ids.known(id)
    if pretrained:
        id, agent = who_plays((agent, id), None, True, env_kwargs)  # type: ignore[assignment]
    player = find.agent(agent)
    if id is not None:
        ids.playable(id, player)
    id, kwargs = find.setting(player, agent, id, env_kwargs)
    from ..core.evaluation.acting import as_trained
    from ..core.evaluation.defaults import BINS, NUM_TASKS
    from ..core.evaluation.evaluate import evaluate as measure

    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    curve = measure(
        player if steps is not None else as_trained(player),
        id,
        split=split,
        num_tasks=NUM_TASKS if num_tasks is None else num_tasks,
        episodes=episodes,
        rows_per_task=rows_per_task,
        frozen_episodes=frozen_episodes,
        exploration_episodes=exploration_episodes,
        steps=steps,
        env_kwargs=kwargs,
        deterministic=deterministic,
        seed=seed,
        bins=BINS if bins is None else bins,
        demonstrations=demonstrations
        if demonstrations is None or not demonstrations.isdecimal()
        else int(demonstrations),
    )
    print(curve, flush=True)
    if out is not None:
        curve.to_csv(out)
        print(f"written: {out}", file=sys.stderr)
    return 0
