"""Tournaments: both sides see their own game, results are counted and rated, files are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents import PPO, baselines
from agents.cli.main import main
from agents.core.play.inner_loop import InnerLoop
from agents.tournament import Counts, Tournament, play_pair, tournament
from agents.tournament.table import interval, rate

pytest.importorskip("openskill")


def charger(seen: np.ndarray) -> np.ndarray:
    return np.clip(2 * (seen[4:6] - seen[:2]), -1, 1)


def still(seen: np.ndarray) -> np.ndarray:
    return np.zeros(2)


class _Recorder(InnerLoop):
    """Does nothing, and keeps what it sees."""

    def reset(self, rows: Any = None) -> None:
        self.steps: list[Any] = []

    def act(self, observation: Any, rows: Any = None, deterministic: bool = False) -> np.ndarray:
        return np.zeros((len(observation), 2), np.float32)

    def observe(self, step: Any, rows: Any = None) -> None:
        self.steps.append(step)


class _Agent:
    env_kwargs = {"time_limit": 20}

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> Any:
        self.loop = _Recorder(venv, rows_per_task, seed)
        return self.loop


def test_who_charges_beats_who_stands_still():
    results = tournament({"still": baselines.Policy(still), "charger": charger}, 4, 1)
    assert (
        results.of(1, 0).total == 12 and results.of(1, 0).wins >= 9 and results.of(1, 0).losses == 0
    )
    assert results.ranked() == [1, 0] and results.of(0, 1) == results.of(1, 0).swapped()
    assert results.of(1, 0).rounds == (4, 0, 0)
    assert "charger" in str(results).splitlines()[1] and results.to_csv().count("\n") == 2


def test_both_sides_see_the_same_contest_from_their_own_place():
    one, other = _Agent(), _Agent()
    found = play_pair(one, other, n_trials=2, n_rounds=1, seed=3)
    assert (found.wins, found.draws, found.losses) == (0, 6, 0)  # nobody moves
    assert len(one.loop.steps) == len(other.loop.steps) == 3 * 21
    for mine, theirs in zip(one.loop.steps, other.loop.steps, strict=True):
        for name in ("observation", "next_observation"):
            swapped = np.roll(getattr(theirs, name), 4, axis=1)
            np.testing.assert_array_equal(getattr(mine, name), swapped)
        assert (mine.terminated == theirs.terminated).all()
        ended = mine.terminated
        assert (theirs.reward[ended] < -900).all() and (theirs.reward[~ended] > -20).all()
    assert one.loop.seed != other.loop.seed


def test_intervals_and_ratings_are_right():
    np.testing.assert_allclose(interval(Counts(8, 0, 2)), (0.4902, 0.9433), atol=1e-4)
    pairs = {(0, 1): Counts(9, 0, 1), (1, 2): Counts(9, 0, 1), (0, 2): Counts(5, 5, 0)}
    means, deviations = rate(3, pairs, seed=0).T
    assert means[0] > means[1] > means[2] and (deviations < 25 / 3).all()
    even = rate(2, {(0, 1): Counts(0, 10, 0)}, seed=0)
    np.testing.assert_allclose(even[0], even[1])
    total = Tournament(("a", "b", "c"), pairs, rate(3, pairs, 0)).total(2)
    assert (total.wins, total.draws, total.losses) == (1, 5, 14)


def test_the_command_writes_tables_and_a_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for seed in (0, 1):
        kwargs = {"time_limit": 20, "threads": 1}
        small = {"net_arch": [8], "separate": []}
        made = PPO("MlpPolicy", "meta/Sumo-v0", n_envs=2, seed=seed, env_kwargs=kwargs,
                   policy_kwargs=small)  # fmt: skip
        made.save(f"agent{seed}.zip")
    PPO("MlpPolicy", "CartPole-v1", n_envs=2, policy_kwargs=small).save("other.zip")
    words = ["tournament", "agent0.zip", "agent1.zip", "--trials", "2", "--rounds", "1"]
    assert main(words) == 0
    assert "agent0 against agent1: " in capsys.readouterr().out
    for name in ("pairs.csv", "ratings.md", "tournament.png"):
        assert (tmp_path / "tournament" / name).stat().st_size > 100
    for given, said in (
        (["agent0.zip", "./agent0.zip"], "is given twice"),
        (["agent0.zip"], "name two runs or more"),
        (["agent0.zip", "other.zip"], "was trained on CartPole-v1"),
    ):
        assert main(["tournament", *given]) == 2
        assert said in capsys.readouterr().err
