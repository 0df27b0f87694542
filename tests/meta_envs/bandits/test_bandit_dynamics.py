"""What a pull does, against scalar re-implementations and exact values."""

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from meta_envs.core import rng

_FAMILIES = ("Bernoulli", "Dependent", "Informative", "Gaussian", "Restless")
_ERRORS = 4.5  # standard errors a mean may be off


def rows(family, num_envs, **kwargs):
    return gym.make_vec(f"meta/{family}Bandit-v0", num_envs=num_envs, **kwargs)


def played(family, task, episode, actions):
    """Play one episode by the book: the rewards and their expectations."""
    means = task.get("means", task.get("start"))
    for action in actions:
        if family == "Informative":
            target = int(task["target"])
            mean = 0.1 * (target + 1) if action == 10 else 5.0 if action == target else 1.1
            yield mean, mean
        elif family == "Gaussian":
            yield means[action] + episode[1].pop(), means[action]
        else:
            yield float(episode[0].pop() < means[action]), means[action]
        if family == "Restless":
            moved = [mean + task["volatility"] * episode[1].pop() for mean in means]
            means = [-mean if mean < 0 else 2 - mean if mean > 1 else mean for mean in moved]


@pytest.mark.parametrize("family", _FAMILIES)
def test_a_seeded_episode_goes_by_the_book(family):
    env: Any = gym.make(f"meta/{family}Bandit-v0").unwrapped
    env.reset(seed=5)
    actions = np.random.default_rng(1).integers(env.arms, size=env.pulls).tolist()
    # The rows draw 256 numbers of a kind ahead; the second kind is drawn after the first.
    stream = rng.generator(5, rng.EPISODES)
    uniform = [] if family == "Gaussian" else stream.random(256)[::-1].tolist()
    normal = stream.standard_normal(256)[::-1].tolist()
    book = played(family, env.task, (uniform, normal), actions)
    for action, (reward, expected) in zip(actions, book, strict=True):
        _, got, terminated, truncated, info = env.step(action)
        assert got == reward
        assert info["expected_reward"] == expected
    assert terminated
    assert not truncated


@pytest.mark.parametrize("family", _FAMILIES)
def test_an_episode_terminates_at_the_last_pull_and_not_before(family):
    env = rows(family, 3, pulls=4)
    env.reset(seed=0)
    for pull in range(1, 13):
        observations, _, terminated, truncated, infos = env.step(np.zeros(3, dtype=np.int64))
        assert terminated.tolist() == [pull % 4 == 0] * 3
        assert infos["trial_start"].tolist() == [pull % 4 == 0] * 3  # K = 1
        assert not truncated.any()
        assert observations.tolist() == [0, 0, 0]


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_the_informative_optimum_is_20_55_on_every_split(split):
    env = rows("Informative", 1, split=split)
    totals = []
    for task in env.tasks_in_split:
        env.reset(seed=0, options={"task": task})
        actions = [10] + 4 * [int(task["target"])]
        totals.append(sum(float(env.step(np.array([action]))[1][0]) for action in actions))
    assert np.mean(totals) == pytest.approx(20.55, abs=1e-12)


def test_rewards_have_the_mean_and_the_spread_of_the_arm():
    pulls, num_rows = 100, 50
    total = pulls * num_rows
    for family, task in (
        ("Bernoulli", {"means": [0.9, 0.2]}),
        ("Gaussian", {"means": [-3.0, 1.5]}),
    ):
        env = rows(family, num_rows, arms=2, pulls=pulls)
        env.reset(seed=3, options={"task": task})
        got = np.array([env.step(np.ones(num_rows, dtype=np.int64))[1] for _ in range(pulls)])
        mean = task["means"][1]
        variance = mean * (1 - mean) if family == "Bernoulli" else 1.0
        assert abs(got.mean() - mean) < _ERRORS * np.sqrt(variance / total)
        assert abs(got.var() - variance) < _ERRORS * np.sqrt(2 * variance**2 / total)


def test_resetting_some_rows_leaves_the_counts_of_the_others():
    env = rows("Bernoulli", 3, pulls=5, render_mode="rgb_array")
    env.reset(seed=0)
    for action in (1, 1, 4):
        env.step(np.full(3, action))
    tasks = env.tasks["means"].copy()
    env.reset(options={"reset_mask": np.array([False, True, False]), "keep_task": True})
    assert np.array_equal(env.tasks["means"], tasks)
    assert env.record["pulls"].tolist() == [[0, 2, 0, 0, 1], [0] * 5, [0, 2, 0, 0, 1]]
    assert env.record["arm"].tolist() == [4, -1, 4]
    _, rewards, terminated, _, _ = env.step(np.array([0, 2, 0]))
    assert env.record["paid"][1].tolist() == [0, 0, rewards[1], 0, 0]
    env.step(np.zeros(3, dtype=np.int64))  # rows 0 and 2 end, row 1 goes on
    assert env.record["pulls"].sum(1).tolist() == [0, 2, 0]
    assert np.array_equal(env.state["means"], env.tasks["means"])


def test_restless_arms_stand_still_without_volatility():
    env = rows("Restless", 2, arms=3)
    env.reset(seed=1, options={"task": {"start": [0.1, 1 / 3, 0.7], "volatility": 0.0}})
    for _ in range(50):
        env.step(np.zeros(2, dtype=np.int64))
    assert env.state["means"].tolist() == [[0.1, 1 / 3, 0.7]] * 2


@pytest.mark.parametrize("split", ["train", "test"])
def test_restless_arms_stay_uniform_and_worth_what_the_docstring_says(split):
    arms, pulls, num_rows = 3, 40, 1500
    env = rows("Restless", num_rows, arms=arms, pulls=pulls, split=split)
    env.reset(seed=100)
    best = np.zeros(num_rows)
    for pull in range(pulls):
        action = env.state["means"].argmax(1)
        before = env.state["means"].copy()
        infos = env.step(action)[-1]
        best += infos["expected_reward"]
        if pull == pulls - 2:
            assert np.all((before >= 0) & (before <= 1))
            assert np.all(abs(before.mean(0) - 1 / 2) < _ERRORS * np.sqrt(1 / 12 / num_rows))
            spread = (before - 0.5) ** 2
            assert np.all(abs(spread.mean(0) - 1 / 12) < _ERRORS * np.sqrt(1 / 180 / num_rows))
    error = best.std() / np.sqrt(num_rows)
    assert abs(best.mean() - pulls * arms / (arms + 1)) < _ERRORS * error


def test_drift_leaves_the_task_alone_and_replays():
    env: Any = gym.make("meta/RestlessBandit-v0").unwrapped
    _, info = env.reset(seed=2)
    first = [env.step(pull % 2)[1] for pull in range(100)]
    assert np.array_equal(env.task["start"], info["task"]["start"])
    env.reset(seed=2, options={"task": info["task"]})
    assert [env.step(pull % 2)[1] for pull in range(100)] == first


@pytest.mark.parametrize("family", _FAMILIES)
def test_gymnasium_finds_nothing_to_warn_of(family):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(f"meta/{family}Bandit-v0", render_mode="rgb_array").unwrapped)
