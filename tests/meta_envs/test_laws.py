"""Every law of the task API, for every registered id."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

import meta_envs
from meta_envs.core.registration import card
from meta_envs.laws import laws
from meta_envs.laws.check import LAWS, Law, check_law, law_name, unkept_laws


@pytest.fixture(autouse=True)
def _free(request: pytest.FixtureRequest) -> Iterator[None]:
    """Free Meta-World's models after each test: ML45's are gigabytes, and in cycles."""
    yield
    if "meta/ML" in request.node.name:
        gc.collect()


_IDS = [id for id in meta_envs.list_distributions() if id.startswith("meta/")]


# A seed takes a fifth of a second in each row of Atari's: here laws that need few of them, with one
# game; `metazoo check meta/Atari-v0` takes minutes. tests/meta_envs/arcade has rows and seeds.
_ATARI = "meta/Atari-v0"
# Frames of a few pixels, and episodes of a few steps.
_TINY = {"width": 8, "height": 8, "steps": 4}
_BRIEF = {"meta/VisualMaze-v0": _TINY, "meta/SignNavigation-v0": _TINY}
# Many rows of one id of each class: of others an odd number, which spans blocks of random numbers.
_FIRST = {card(id).family: id for id in reversed(_IDS)}
_FEWER = 65
_CHECKED = ("methods", "draws", "replay", "json", "changes", "mutation", "bank", "trials")


@pytest.mark.parametrize("law", LAWS, ids=law_name)
@pytest.mark.parametrize("id", _IDS)
def test_law(id: str, law: Law, monkeypatch: pytest.MonkeyPatch) -> None:
    if (id, law_name(law)) == ("meta/BipedalTerrain-v0", "rows"):
        pytest.skip("takes ten seconds; tests/meta_envs/terrain compares fewer rows")
    if _FIRST[card(id).family] != id:
        monkeypatch.setattr(laws, "_MANY", _FEWER)
    if id != _ATARI:
        check_law(law, id, **_BRIEF.get(id, {}))
    elif law_name(law) in _CHECKED:
        check_law(law, id, game="Pong")
    else:
        pytest.skip("begins too many games")


def test_laws_that_cannot_hold_are_skipped_by_name() -> None:
    pytest.importorskip("ale_py")
    rows = next(law for law in LAWS if law_name(law) == "rows")
    (said,) = check_law(rows, _ATARI)
    assert said.startswith("the rows law was not checked, since it cannot hold: each row has a")
    assert set(unkept_laws(_ATARI)) == {"rows", "determinism", "pinning"}
    assert unkept_laws(_ATARI, game="Pong") == {} == unkept_laws("meta/GridNavi-v0")


# Arguments that change splits, spaces or the steps of an episode.
_VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("meta/BernoulliBandit-v0", {"arms": 1, "pulls": 1}),
    ("meta/DependentBandit-v0", {"variant": "hard", "pulls": 3}),
    ("meta/TabularMDP-v0", {"states": 2, "actions": 2, "horizon": 1}),
    ("meta/TwoStep-v0", {"second_stage": False, "rounds": 4}),
    ("meta/GridNavi-v0", {"size": 3, "steps": 2, "split": "test"}),
    ("meta/GridNavi-v0", {"size": 3, "steps": 6, "gate": True}),
    ("meta/RandomMaze-v0", {"size": 5, "split": "all", "episodes_per_trial": 3}),
    ("meta/TabularGrid-v0", {"level": "groove", "size": 5, "steps": 30, "split": "test"}),
    ("meta/RandomGrid-v0", {"level": "small_sparse", "moves": 4}),
    ("meta/DelayedChain-v0", {"level": "distractor", "split": "test"}),
    ("meta/RandomHopper-v0", {"split": "ood", "threads": 2}),
    ("meta/AntGoal-v0", {"contact_forces": True, "split": "test"}),
    ("meta/SparsePoint-v0", {"source": "varibad", "reward": "dense", "steps": 9}),
    ("meta/PointCorner-v0", {"reward": "dense"}),
    ("meta/PointWalls-v0", {"reward": "sparse", "split": "test"}),
    ("meta/Sinusoid-v0", {"shots": 1, "queries": 1}),
    ("meta/DarkRoom-v0", {"size": 3, "steps": 2, "once": True, "split": "test"}),
    ("meta/TMaze-v0", {"length": 2, "active": True}),
    ("meta/FrozenLake-v0", {"size": 3, "slip": 0.5, "split": "test"}),
    ("meta/Harlow-v0", {"objects": "drawn", "split": "test"}),
    ("meta/RecurringBandit-v0", {"contexts": 2, "visits": 2, "pulls": 1}),
    ("meta/RandomCartPole-v0", {"nominal": True}),
    ("meta/TwoColours-v0", {"switch_every": 2, "size": 2}),
    ("meta/NoisyChain-v0", {"chain": "lambda", "length": 3}),
    ("meta/Catch-v0", {"size": [3, 4], "pixels": True}),
    ("meta/RandomWalk-v0", {"states": 3, "flip_every": 2, "drift": 0.3}),
    (
        "meta/BusGrid-v0",
        {"variant": "map", "size": 5, "buses": 2, "steps": 4, "exploration_episodes": 0},
    ),
    ("meta/SwitchingMDPs-v0", {"mdps": 2, "switch_every": 3, "split": "test"}),
)


@pytest.mark.parametrize("law", LAWS, ids=law_name)
@pytest.mark.parametrize(("id", "env_kwargs"), _VARIANTS, ids=lambda one: str(one))
def test_law_with_other_arguments(
    id: str, env_kwargs: dict[str, Any], law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(laws, "_MANY", _FEWER)
    check_law(law, id, **env_kwargs)
