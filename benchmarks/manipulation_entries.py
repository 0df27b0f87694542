"""What `manipulation.py` trains, and how it measures success."""

from __future__ import annotations

import json
from typing import Any

import gymnasium as gym
import numpy as np

import meta_envs  # noqa: F401  registers the ids
from agents import AdaptationCurve, evaluate

_REACH = {"id": "meta/ML1-v0", "env_kwargs": {"task_name": "reach-v3"}}
_PUSH = {"id": "meta/ML1-v0", "env_kwargs": {"task_name": "push-v3"}}
_ML10: dict[str, Any] = {"id": "meta/ML10-v0", "env_kwargs": {}}
_PUBLISHED = "about 87 % train and 36 % test after hundreds of millions of steps (2021 revision)"
ENTRIES: dict[str, dict[str, Any]] = {
    "rl2-reach": {**_REACH, "agent": "RL2", "steps": 2_000_000, "reference": "at least 0.9 test"},
    "rl2-push": {**_PUSH, "agent": "RL2", "steps": 2_500_000, "reference": "at least 0.5 test"},
    "rl2-ml10": {**_ML10, "agent": "RL2", "steps": 20_000_000, "reference": _PUBLISHED},
    # with the settings of the suite `metaworld`, and less than its 20 million steps
    "maml-ml10": {
        **{**_ML10, "agent": "MAML", "steps": 5_000_000, "reference": ""},
        "arguments": {"preset": "ml1-push"},
    },
    "varibad-ml10": {
        **{**_ML10, "agent": "VariBAD", "steps": 2_000_000, "reference": ""},
        "arguments": {"preset": "half-cheetah-dir"},
    },
    "pearl-ml10": {
        **{**_ML10, "agent": "PEARL", "steps": 400_000, "reference": ""},
        "arguments": {"preset": "half-cheetah-dir"},
    },
    "maml-reach": {**_REACH, "agent": "MAML", "steps": 2_000_000, "reference": ""},
    "promp-reach": {**_REACH, "agent": "ProMP", "steps": 2_000_000, "reference": ""},
    "mixture-reach": {**_REACH, "agent": "mixture", "steps": 2_000_000, "reference": ""},
    "mixture-ml10": {**_ML10, "agent": "mixture", "steps": 5_000_000, "reference": ""},
    "random-reach": {**_REACH, "agent": "random", "steps": 0, "reference": ""},
    "random-ml10": {**_ML10, "agent": "random", "steps": 0, "reference": ""},
    "scripted-ml10": {
        **_ML10,
        "agent": "scripted",
        "steps": 0,
        "reference": "at least 0.9 in each environment, as in upstream's tests",
    },
}
_NO_ADAPTATION = ("random", "scripted", "mixture")  # one episode before those that count
_BY_GRADIENT = ("MAML", "ProMP")  # rows of a task play an episode each, then a gradient step


def measured(
    entry: dict[str, Any],
    agent: Any,
    split: str,
    goals: int,
    num_envs: int,
    sampled: bool = False,
) -> AdaptationCurve:
    """Evaluate on `goals` goals of every environment of a split, at most all of them."""
    venv: Any = gym.make_vec(entry["id"], num_envs=1, split=split, **entry["env_kwargs"])
    tasks = venv.tasks_in_split
    venv.close()
    environments = len({int(task["environment"]) for task in tasks})
    first = {int(task["environment"]) for task in tasks[:environments]}
    if len(first) < environments and goals * environments < len(tasks):
        raise ValueError("tasks do not alternate between environments; give --goals 50")
    learns = entry["agent"] not in _NO_ADAPTATION
    modes = not sampled and (learns or entry["agent"] == "mixture")
    by_gradient = entry["agent"] in _BY_GRADIENT
    return evaluate(
        agent,
        entry["id"],
        env_kwargs=entry["env_kwargs"],
        split=split,
        num_tasks=min(goals * environments, len(tasks)),
        episodes=10 if learns and not by_gradient else 1,
        rows_per_task=agent.settings["rows_per_task"] if by_gradient else 1,
        frozen_episodes=3,
        deterministic="frozen" if modes else False,
        seed=1,
        num_envs=num_envs,
    )


def figures(curve: AdaptationCurve) -> dict[str, Any]:
    """Return success before, after and by environment, as a table has it."""
    success, frozen = curve.by("environment"), curve.by("environment", "frozen_success")
    each = zip(frozen.labels, frozen.means.mean(axis=1).tolist(), strict=True)
    by_goal = np.asarray(curve.frozen_success).mean(axis=1)
    # of the mean over environments, from the spread over the goals of each
    kinds = np.array([task["environment"] for task in curve.tasks or []])
    squares = [by_goal[kinds == one].var(ddof=1) / (kinds == one).sum() for one in set(kinds)]
    return {
        "success_first": round(float(success.mean()[0]), 4),
        "success_last": round(float(success.mean()[-1]), 4),
        "success_frozen": round(float(frozen.mean().mean()), 4),
        "standard_error": round(float(np.sqrt(np.sum(squares)) / len(squares)), 4),
        "return_frozen": round(float(curve.by("environment", "frozen_returns").mean().mean()), 2),
        "environments": json.dumps({label: round(mean, 3) for label, mean in each}),
    }
