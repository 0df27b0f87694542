"""Bandits that come back: their order, their barcodes, what remembering them is worth."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/RecurringBandit-v0"


def batch(num_envs: int = 1, **kwargs: Any) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def returns_of(env: Any, choose: Any, episodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Play, and return expected returns and visit numbers, [N, episodes]."""
    totals = np.zeros((env.num_envs, episodes))
    visits = np.zeros((env.num_envs, episodes), np.int64)
    for episode in range(episodes):
        pulls, paid = (np.zeros((env.num_envs, env.arms)) for _ in range(2))
        for _ in range(env.pulls):
            arms = choose(env, pulls, paid)
            rows = env.every_row
            _, rewards, _, _, infos = env.step(arms)
            pulls[rows, arms] += 1
            paid[rows, arms] += rewards
            totals[:, episode] += infos["expected_reward"]
            visits[:, episode] = infos["visit"]
    return totals, visits


def knows(env: Any, pulls: np.ndarray, paid: np.ndarray) -> np.ndarray:
    return env.tasks["good"][env.every_row, env.state["context"]]


def greedy(env: Any, pulls: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Pull the arm most likely to be the good one: log-odds by pay and by misses, .9 against .1."""
    return np.argmax(2.0 * paid - pulls, axis=1)


def test_each_context_comes_as_often_as_said_and_shows_its_barcode() -> None:
    env = batch(3, pulls=2, contexts=4, visits=3, episodes_per_trial=12)
    seen, infos = env.reset(seed=0)
    task = {key: part.copy() for key, part in infos["task"].items()}
    counts = np.zeros((3, 4), np.int64)
    for episode in range(12):
        context = task["order"][:, episode]
        code = task["barcodes"][env.every_row, context]
        assert np.array_equal(seen, code) and seen.dtype == np.float32
        seen, *_ = env.step(np.zeros(3, np.int64))
        assert np.array_equal(seen, code)
        seen, _, terminated, _, infos = env.step(np.zeros(3, np.int64))
        assert terminated.all() and np.array_equal(infos["final_obs"], code)
        assert np.array_equal(infos["context"], context)
        assert np.array_equal(infos["visit"], counts[env.every_row, context])
        counts[env.every_row, context] += 1
    assert (counts == 3).all() and infos["trial_start"].all()
    assert not np.array_equal(env.tasks["order"], task["order"])  # another trial, another order


def test_the_oracle_earns_9_chance_2_6_and_searching_anew_6_6() -> None:
    env = batch(1500)
    env.reset(seed=0)
    totals, visits = returns_of(env, knows, 2)
    assert np.allclose(totals, 9.0)
    totals, _ = returns_of(env, lambda env, *_: np.zeros(1500, np.int64), 1)
    assert totals.mean() == pytest.approx(2.6, abs=4.5 * totals.std() / np.sqrt(1500))
    env.reset(seed=1)
    totals, visits = returns_of(env, greedy, 2)
    first = totals[visits == 0]
    assert first.mean() == pytest.approx(6.61, abs=4.5 * first.std() / np.sqrt(first.size))


def test_longer_trials_begin_again_with_the_first_context() -> None:
    env = batch(1, pulls=1, contexts=2, visits=1, episodes_per_trial=5)
    _, infos = env.reset(seed=0)
    order = infos["task"]["order"][0].tolist()
    seen = [env.step(np.zeros(1, np.int64))[4] for _ in range(5)]
    assert [int(one["context"][0]) for one in seen] == (3 * order)[:5]
    assert [int(one["visit"][0]) for one in seen] == [0, 0, 1, 1, 2]


def test_barcodes_are_distinct_and_held_out() -> None:
    drawn = {split: batch(split=split).sample_tasks(60, seed=3) for split in ("train", "test")}
    codes = {split: {one.tobytes() for one in tasks["barcodes"]} for split, tasks in drawn.items()}
    assert not codes["train"] & codes["test"]
    for barcodes in drawn["train"]["barcodes"]:
        assert len(np.unique(barcodes, axis=0)) == 10
    env: Any = gym.make(_ID).unwrapped
    task = env.sample_task(seed=0)
    with pytest.raises(ValueError, match="has a barcode twice"):
        env.set_task({**task, "barcodes": np.zeros((10, 10))})
    with pytest.raises(ValueError, match="contexts=10 need more than bits=4"):
        gym.make(_ID, bits=4)


def test_the_picture_has_the_barcode_above_the_arms() -> None:
    env: Any = gym.make(_ID, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(1)
    assert before.shape == env.render().shape == (538, 520, 3) and (before != env.render()).any()
