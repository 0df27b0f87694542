"""One member's part of a round: go on from a checkpoint, train, and be scored."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm

from meta_envs.core.names import resolve

from ..core.base.algorithm import MetaAlgorithm
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.base.population import rows_of_process
from ..core.base.vec_bridge import SB3VecEnv
from ..core.base.venv import env_identity
from ..core.evaluation.evaluate import evaluate
from .stable import dump, restore, seeded


@dataclass(frozen=True)
class Segment:
    """What a member does in a round; nothing else matters for its result."""

    algorithm: str
    env: tuple[str, str]  # id, and keyword arguments as JSON
    n_envs: int
    arguments: dict[str, Any]  # of the constructor, the hyperparameters included
    checkpoint: bytes | None  # None begins
    steps: int
    seed: int
    score_tasks: int
    score_seed: int  # the same for all members of a round


@dataclass(frozen=True)
class Outcome:
    """What became of a member."""

    checkpoint: bytes
    score: float
    steps: int  # played, also for the score


def member_class(name: str) -> Any:
    """Return the class of a name of ours, or of `"module:Name"` (which SB3's have).

    Raises:
        ValueError: If there is no such algorithm, or it is none.
    """
    ours = import_module("agents").ALGORITHMS
    if name.lower() in ours:
        module, _, cls = ours[name.lower()].partition(":")
        return getattr(import_module(module), cls)
    if ":" not in name:
        raise ValueError(
            f"algorithm={name!r} is unknown; there are {sorted(ours)}, and 'module:Name' of "
            "another class, e.g. 'stable_baselines3:PPO'"
        )
    found = resolve(name)
    if not (isinstance(found, type) and issubclass(found, BaseAlgorithm)):
        raise ValueError(f"algorithm={name!r} is {found!r}, not an algorithm's class")
    return found


def name_of_member(cls: type) -> str:
    """Return the name that `member_class` takes for a class: ours where there is one."""
    for name in import_module("agents").ALGORITHMS:
        if member_class(name) is cls:
            return name
    return f"{cls.__module__}:{cls.__qualname__}"


def is_ours(cls: type) -> bool:
    """Tell whether a class has our checkpoints and inner loops."""
    return issubclass(cls, MetaAlgorithm)


def run(segment: Segment, venv: Any = None) -> Outcome:
    """Train a member for its steps and score it.

    Args:
        segment: The member and its work.
        venv: A batch to train in; None takes one of this process.
    """
    cls = member_class(segment.algorithm)
    if venv is None:
        venv = rows_of_process(*segment.env, segment.n_envs)
    agent = open_member(segment, venv)
    began = agent.num_timesteps
    if is_ours(cls):
        agent.learn(segment.steps, log_interval=None, reset_num_timesteps=not began)
        content = _saved(agent)
    else:
        with seeded(segment.seed):
            agent.learn(segment.steps, log_interval=None, reset_num_timesteps=not began)
        content = dump(agent)
    score, played = _score(agent, segment, venv)
    return Outcome(content, score, agent.num_timesteps - began + played)


def open_member(segment: Segment, venv: Any) -> Any:
    """Return the agent of a checkpoint, with the segment's hyperparameters and seed."""
    cls = member_class(segment.algorithm)
    given = dict(segment.arguments)
    if is_ours(cls):
        if segment.checkpoint is None:
            return cls(given.pop("policy"), venv, seed=segment.seed, **given)
        for name in ("policy", "preset"):  # these are in the checkpoint
            given.pop(name, None)
        return cls.load(io.BytesIO(segment.checkpoint), env=venv, seed=segment.seed, **given)
    rows = SB3VecEnv(venv)
    rows.seed(segment.seed)
    with seeded(segment.seed):
        model = cls(given.pop("policy"), rows, device="cpu", **given)
    model.action_space.seed(segment.seed % 2**32)
    if segment.checkpoint is not None:
        restore(model, segment.checkpoint)
    return model


def _saved(agent: Any) -> bytes:
    stream = io.BytesIO()
    agent.save(stream)
    return stream.getvalue()


def _score(agent: Any, segment: Segment, venv: Any) -> tuple[float, int]:
    """Return a member's score, and the steps that it took.

    Meta-learners and SB3's models play new tasks of the training split; what learns within one
    lifetime is scored by its newest episodes, for there `evaluate` would begin another life.
    """
    if isinstance(agent, LifetimeAlgorithm):
        newest = [one["r"] for one in agent.ep_info_buffer or ()]
        return (float(np.mean(newest)) if newest else float("nan")), 0
    id, kwargs = env_identity(venv, None)
    curve = evaluate(
        agent,
        id,
        env_kwargs={key: one for key, one in kwargs.items() if key != "split"},
        split=venv.unwrapped.split,
        num_tasks=segment.score_tasks,
        seed=segment.score_seed,
        num_envs=max(segment.score_tasks, 1),
    )
    return float(curve.returns.sum(axis=1).mean()), int(curve.lengths.sum())
