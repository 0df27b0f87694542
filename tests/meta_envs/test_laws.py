"""Every law of the task API, for every registered id."""

from __future__ import annotations

from typing import Any

import pytest

import meta_envs
from meta_envs.laws.check import LAWS, Law, check_law, law_name

_IDS = [id for id in meta_envs.list_distributions() if id.startswith("meta/")]


@pytest.mark.parametrize("law", LAWS, ids=law_name)
@pytest.mark.parametrize("id", _IDS)
def test_law(id: str, law: Law) -> None:
    check_law(law, id)


# Arguments that change splits, spaces or the steps of an episode.
_VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("meta/BernoulliBandit-v0", {"arms": 1, "pulls": 1}),
    ("meta/DependentBandit-v0", {"variant": "hard", "pulls": 3}),
    ("meta/TabularMDP-v0", {"states": 2, "actions": 2, "horizon": 1}),
    ("meta/TwoStep-v0", {"second_stage": False, "rounds": 4}),
    ("meta/GridNavi-v0", {"size": 3, "steps": 2, "split": "test"}),
    ("meta/RandomMaze-v0", {"size": 5, "split": "all", "episodes_per_trial": 3}),
    ("meta/RandomHopper-v0", {"split": "ood", "threads": 2}),
    ("meta/AntGoal-v0", {"contact_forces": True, "split": "test"}),
    ("meta/SparsePoint-v0", {"source": "varibad", "reward": "dense", "steps": 9}),
    ("meta/PointCorner-v0", {"reward": "dense"}),
    ("meta/PointWalls-v0", {"reward": "sparse", "split": "test"}),
    ("meta/Sinusoid-v0", {"shots": 1, "queries": 1}),
    ("meta/RandomCartPole-v0", {"nominal": True}),
    ("meta/TwoColours-v0", {"switch_every": 2, "size": 2}),
    ("meta/NoisyChain-v0", {"chain": "lambda", "length": 3}),
    ("meta/Catch-v0", {"size": [3, 4], "pixels": True}),
    ("meta/RandomWalk-v0", {"states": 3, "flip_every": 2, "drift": 0.3}),
    ("meta/SwitchingMDPs-v0", {"mdps": 2, "switch_every": 3, "split": "test"}),
)


@pytest.mark.parametrize("law", LAWS, ids=law_name)
@pytest.mark.parametrize(("id", "env_kwargs"), _VARIANTS, ids=lambda one: str(one))
def test_law_with_other_arguments(id: str, env_kwargs: dict[str, Any], law: Law) -> None:
    check_law(law, id, **env_kwargs)
