"""Ids whose first observation tells of the task: it tells what `start_shows` names, and no more."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from meta_envs import MetaVectorEnv, card, list_distributions, register
from meta_envs.core.registration import load_family
from meta_envs.laws.case import LawBroken
from meta_envs.laws.check import check_law
from meta_envs.laws.leak import law_leak

# A key that the first observation must not tell; None where it tells all keys: then one is added.
HIDDEN = {
    "meta/RandomMaze-v0": "goal",
    "meta/VisualMaze-v0": None,
    "meta/BlockPushing-v0": "block",
    "meta/Sinusoid-v0": None,
    "meta/RandomReacher-v0": None,
    "meta/Harlow-v0": "good",
    "meta/RecurringBandit-v0": "good",
    "meta/BusGrid-v0": "problem",
    "meta/Cooking-v0": "problem",
    "meta/SignNavigation-v0": "problem",
    "meta/FeatureReach-v0": "target",
    "meta/FewShotImages-v0": None,
    "meta/Reach2D-v0": "target",
    "meta/Push2D-v0": "target",
    "meta/ML1-v0": "goal",
    "meta/ML10-v0": None,
    "meta/ML25-v0": None,
    "meta/ML45-v0": None,
}

# Their first observations are tested beside them, or show their single key.
ELSEWHERE = ("meta/Atari-v0", "meta/TMaze-v0", "meta/TabularGrid-v0", "meta/RandomGrid-v0")


class WithSecret(MetaVectorEnv):
    """A key more in each task, which nothing depends on."""

    def __init__(self, *, task_space: spaces.Dict, **rest: Any):
        more = spaces.Dict({**task_space.spaces, "secret": spaces.Discrete(3)})
        super().__init__(task_space=more, **rest)


class Leaks:
    """Tells a key in the first observation."""

    key: str | None

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        task = super().draw_task(rng)  # type: ignore[misc]
        return task if self.key else {**task, "secret": rng.integers(3)}

    def all_tasks(self) -> Any:
        members = super().all_tasks()  # type: ignore[misc]
        if members is None or self.key:
            return members
        return tuple({**one, "secret": secret} for one in members for secret in range(3))

    def begin_episodes(self, rows: np.ndarray) -> Any:
        told = self.tasks[self.key or "secret"][rows]  # type: ignore[attr-defined]
        last = np.reshape(told, (len(rows), -1))[:, -1]
        seen = super().begin_episodes(rows)  # type: ignore[misc]
        if isinstance(seen, dict):
            frame = seen["frame" if "frame" in seen else "image"]
            frame[:, 0, 0] += last[:, None].astype(np.uint8)
            return seen
        numbers = seen["state"] if isinstance(seen, dict) else seen
        if numbers.ndim == 1:
            return (numbers + last) % 81
        numbers[:, 0] += last.astype(numbers.dtype)
        return seen


def _leaky(id: str) -> str:
    family = load_family(card(id).family)
    key = HIDDEN[id]
    bases = (Leaks, family) if key else (Leaks, family, WithSecret)
    made = type(f"Leaky{id[5:-3]}", bases, {"key": key, "__module__": __name__})
    globals()[made.__name__] = made
    name = f"leaky/{id[5:]}"
    if name not in list_distributions():
        known = card(id)
        register(
            name,
            f"{__name__}:{made.__name__}",
            max_episode_steps=known.max_episode_steps,
            episodes_per_trial=known.episodes_per_trial,
            summary="Leaks",
            source="tests",
            kwargs=known.kwargs,
        )
    return name


@pytest.mark.parametrize("id", HIDDEN)
def test_it_keeps_the_law_and_a_leak_of_another_key_is_seen(id: str) -> None:
    if "ML" in id:
        pytest.importorskip("metaworld")
    advice = check_law(law_leak, id)
    assert not any("the leak law saw nothing" in text for text in advice)
    with pytest.raises(LawBroken, match="the first observation is"):
        check_law(law_leak, _leaky(id))


def test_no_other_id_shows_anything() -> None:
    families = {card(id).family for id in list_distributions() if id.startswith("meta/")}
    showing = {card(id).family for id in (*HIDDEN, *ELSEWHERE)}
    for family in families - showing:
        module, _, name = family.partition(":")
        if name == "BipedalTerrain" and importlib.util.find_spec("Box2D") is None:
            continue
        assert getattr(importlib.import_module(module), name).start_shows == ()
