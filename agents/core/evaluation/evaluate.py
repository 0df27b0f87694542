"""One evaluation for every agent, baseline and SB3 model: how well it acts in episode 1, 2, ... K.

Shapes: N rows of a chunk, task-major; R rows a task; K episodes, T steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from types import FunctionType, MethodType
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from stable_baselines3.common.base_class import BaseAlgorithm

from meta_envs.core import splits as _splits
from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..base.vec_bridge import SB3VecEnv
from ..base.venv import ENDLESS, env_identity, first_tasks, make_rows, make_venv, refuse_wrappers
from ..play.demonstrations import Demonstration
from ..play.view import open_loop
from .acting import with_inner_loop
from .conditioning import Given, Shown, opened
from .curve import AdaptationCurve
from .defaults import BINS, NUM_TASKS
from .plan import Plan, numbers
from .play import Play, Played, joined


def evaluate(
    agent: Any,
    env: Any,
    *,
    split: str | None = None,
    num_tasks: int = NUM_TASKS,
    episodes: int | None = None,
    rows_per_task: int = 1,
    frozen_episodes: int = 0,
    exploration_episodes: int | None = None,
    steps: int | None = None,
    bins: int = BINS,
    env_kwargs: Mapping[str, Any] | None = None,
    deterministic: bool | str = False,
    seed: int = 0,
    num_envs: int = 256,
    demonstrations: Given = None,
) -> AdaptationCurve:
    """Measure an agent on tasks, with the episodes of each (task, row) assigned beforehand.

    Tasks are the first `num_tasks` of one stream from `seed` (of a finite split: in order), the
    same for every agent. A row that has played its episodes keeps stepping but no longer counts,
    so it does not matter whether success shortens an episode. Results do not depend on `num_envs`.

    Args:
        agent: Anything with `inner_loop`, a Stable-Baselines3 model, an object with `predict`, or
            a function of a row's observation that returns an action (see `baselines.Policy`).
        env: An id (any of Gymnasium's), or an environment made from one.
        split: None takes that of `env_kwargs`, else `"test"` if it exists, else `"all"`.
        num_tasks: Number of tasks.
        episodes: Episodes per task, K; None takes the environment's `episodes_per_trial`.
        rows_per_task: Rows that share a task and a learner; episode k+1 starts once all
            have ended episode k.
        frozen_episodes: Further episodes after `freeze()`, kept apart.
        exploration_episodes: First episodes of the K that do not count, because they are for
            exploring: `curve.execution()` is the mean of the others. None takes the
            environment's, which is 0 for most.
        steps: Measure a lifetime of this many steps per row instead of episodes; the
            environment keeps its task throughout.
        bins: Parts in which a lifetime is reported; must divide `steps`, and requires it.
        env_kwargs: Keyword arguments of an id.
        deterministic: Act without sampling; `"frozen"` does so only in the frozen episodes, like
            Meta-World's own evaluation.
        seed: Seed of tasks, episodes and actions.
        num_envs: Maximum number of rows played at a time (but at least those of one task).
        demonstrations: Show each learner this many demonstrations of its task, by the family's
            expert, before it plays. Or a `DemonstrationSet`, or its file: then its tasks are
            played, in order, of any split, and each learner is shown all of those of its task.

    Returns:
        The curve; its `protocol` records all of this.

    Raises:
        TypeError: If the agent is none of these, or the first two arguments are swapped.
        NotFiniteError: If a reward or an observation is not finite (a `ValueError`).
        NotImplementedError: If the agent cannot learn from demonstrations.
        ValueError: If an argument is out of range, or a wrapper around `env` would be lost.
    """
    _check_kind(steps, bins, episodes=episodes, exploration_episodes=exploration_episodes)
    plan = Plan(
        num_tasks=num_tasks,
        episodes=1 if episodes is None else episodes,
        rows_per_task=rows_per_task,
        frozen_episodes=frozen_episodes,
        steps=steps,
        bins=None if steps is None else bins,
        deterministic=deterministic,
        seed=seed,
        num_envs=num_envs,
    )
    num_tasks, rows_per_task, seed = plan.num_tasks, plan.rows_per_task, plan.seed
    if isinstance(agent, str) and not isinstance(env, str):
        raise TypeError(f"evaluate(agent, env) got {agent!r} as the agent; swap the two")
    learner = with_inner_loop(agent)
    given = opened(demonstrations)
    if split is None and given is not None and not isinstance(given, int):
        split = "all"
    make, identity, kwargs, split = _environment(env, env_kwargs, split)
    probe = make(num_envs=1)
    if episodes is None:
        plan = replace(plan, episodes=probe.episodes_per_trial)
    if steps is None:
        own = probe.exploration_episodes if exploration_episodes is None else exploration_episodes
        plan = replace(plan, exploration_episodes=own)
    shown = None if given is None else Shown(given, make, probe, identity)
    tasks = None if shown is None else shown.tasks(num_tasks)
    if tasks is None:
        tasks = first_tasks(probe, num_tasks, seed)
    else:
        num_tasks = len(next(iter(tasks.values())))
        plan = replace(plan, num_tasks=num_tasks)
    jsonable = probe.single_task_space.to_jsonable([_tasks.at(tasks, i) for i in range(num_tasks)])
    labels = {key: list(names) for key, names in probe.task_labels.items()}
    probe.close()
    protocol = {
        "agent": _name(agent),
        "env": identity,
        "env_kwargs": _jsonable(kwargs),
        "split": split,
        **numbers(plan),
        **({} if shown is None else shown.note),
        **_notes(learner),
        "training_seed": _known(getattr(agent, "seed", None)),
        "training_steps": _known(getattr(agent, "num_timesteps", None)),
        "metazoo": metadata.version("metazoo"),
        **({"task_labels": labels} if labels else {}),
    }
    _check_json(protocol)
    chunk = max(plan.num_envs // rows_per_task, 1)
    episodes_shown = [] if shown is None else shown.episodes(tasks, seed)
    parts = [
        _play(learner, make, tasks, plan, first, chunk, episodes_shown[first : first + chunk])
        for first in range(0, num_tasks, chunk)
    ]
    each = [{key: values[i] for key, values in jsonable.items()} for i in range(num_tasks)]
    played = joined(parts, rows_per_task)
    played["normalised_returns"] = _normalised(probe, tasks, played["returns"])
    return AdaptationCurve(protocol=protocol, tasks=each, **played)


def _check_kind(steps: int | None, bins: int, **counts: int | None) -> None:
    """Refuse a mixture of a lifetime and of episodes, which `counts` counts."""
    if steps is None and bins != BINS:
        raise ValueError(f"bins={bins!r} are parts of a lifetime; give steps too")
    for name, value in counts.items():
        if steps is not None and value is not None:
            raise ValueError(f"give {name}={value!r} or steps={steps!r}, not both")


def _play(
    learner: Any,
    make: Callable[..., Any],
    tasks: dict[str, np.ndarray],
    plan: Plan,
    first: int,
    count: int,
    shown: Sequence[Sequence[Demonstration]],
) -> Played:
    """Play `count` tasks, beginning with task `first`, with a learner and rows of their own.

    Learners are first shown the demonstrations of each task, if there are any.
    """
    rows = plan.rows_per_task
    index = np.arange(first, min(first + count, plan.num_tasks)).repeat(rows)
    # A lifetime keeps its task: no trial ends in mid-life, and nothing is reset.
    episodes = plan.episodes + plan.frozen_episodes if plan.steps is None else ENDLESS
    venv = make(num_envs=len(index), episodes_per_trial=episodes)
    venv.set_tasks({key: values[index] for key, values in tasks.items()})
    row = first * rows  # first row's index among all tasks' rows: seeds do not depend on chunks
    loop = open_loop(learner, venv, rows, fold(plan.seed, "act") + row)
    play = Play(venv, loop, rows, plan.deterministic is True, shown=shown)
    seed = fold(plan.seed, "episodes") + row
    if plan.steps is not None and plan.bins is not None:
        played = play.lifetime(seed, plan.steps, plan.bins)
    else:
        played = play.episodes(seed, plan.episodes)
        if plan.frozen_episodes:
            loop.freeze()
            play.player.deterministic = plan.deterministic is not False
            frozen = fold(plan.seed, "frozen") + row
            played.frozen = play.episodes(frozen, plan.frozen_episodes, new=False)
    venv.close()
    return played


def _normalised(venv: Any, tasks: dict[str, np.ndarray], returns: np.ndarray) -> np.ndarray | None:
    """Return returns [N, K] on the family's own scale; None if it has none."""
    scaled = [venv.normalised(_tasks.at(tasks, i), one) for i, one in enumerate(returns)]
    return None if any(one is None for one in scaled) else np.stack(scaled)


def _environment(
    env: Any, env_kwargs: Mapping[str, Any] | None, split: str | None
) -> tuple[Callable[..., Any], str, dict[str, Any], str]:
    """Return how to make the environment with any number of rows, its id, kwargs and split."""
    bare = env.venv if isinstance(env, SB3VecEnv) else env
    refuse_wrappers(
        bare, "give the environment inside, or register one of your own that has them inside"
    )
    identity, kwargs = env_identity(env, env_kwargs)
    if identity is None:
        name = getattr(env, "venv", env) if isinstance(env, SB3VecEnv | VectorEnv) else env
        raise ValueError(f"{name} has no spec to make more rows from; give its id and env_kwargs")
    if split is None:
        split = kwargs.get("split")
    kwargs = {key: value for key, value in kwargs.items() if key != "split"}
    probe = make_venv(identity, 1, kwargs, any_id=True)
    if split is None:
        split = "test" if "test" in probe.splits else "all"
    chosen = _splits.resolve(split, probe.splits, identity)
    probe.close()

    def make(num_envs: int, **more: Any) -> Any:
        return make_rows(identity, num_envs, {**kwargs, "split": chosen, **more})

    return make, identity, kwargs, chosen


def _name(agent: Any) -> str:
    if isinstance(getattr(agent, "model", None), BaseAlgorithm):
        agent = agent.model  # the repr of `StableBaselines` would hold an address
    if isinstance(agent, FunctionType | MethodType):
        return agent.__name__
    if isinstance(agent, BaseAlgorithm) or type(agent).__repr__ is object.__repr__:
        return type(agent).__name__
    return repr(agent)


def _notes(learner: Any) -> dict[str, Any]:
    """Return what a baseline adds to the protocol about how it plays."""
    notes = getattr(learner, "protocol", None)
    return dict(notes) if isinstance(notes, Mapping) else {}


def _check_json(protocol: Mapping[str, Any]) -> None:
    """Refuse a protocol that a curve could not store, before anything is played.

    Raises:
        ValueError: Naming the entry.
    """
    for key, value in protocol.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{key}={value!r} cannot be written as JSON: {error}") from error


def _known(value: Any) -> Any:
    return None if callable(value) else _jsonable(value)  # somebody's object may have a method


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _jsonable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
