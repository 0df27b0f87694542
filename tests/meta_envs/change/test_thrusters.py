"""Thrusters that fail: what they push, by what schedule, and what the best thrust is worth."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.physics.failing import SCHEDULES, Schedule, pairs_of, strengths

ID = "meta/Thrusters-v0"
PAIRS = pairs_of(4)


def made(pair: int, factor: float, num_envs: int = 3, **more: Any) -> Any:
    venv = gym.make_vec(ID, num_envs=num_envs, **more)
    venv.reset(seed=0, options={"task": {"pair": pair, "factor": factor}})
    return venv


def factors(schedule: Schedule, episodes: int, seed: int = 0, first: float = 1.0) -> list[float]:
    rng, found = np.random.default_rng(seed), [first]
    for episode in range(1, episodes):
        found.append(schedule.following(found[-1], episode, rng))
    return found


@pytest.mark.parametrize("pair", range(len(PAIRS)))
def test_thrusters_that_have_failed_move_nothing(pair):
    venv, still = made(pair, 0.0), made(pair, 0.0)
    only = np.zeros((3, 4), np.float32)
    only[:, list(PAIRS[pair])] = [1.0, -0.5]
    for _ in range(5):
        observed, rewards, *_ = venv.step(only)
        expected, others, *_ = still.step(np.zeros_like(only))
        assert (observed == expected).all()
        np.testing.assert_allclose(rewards, others - 0.45 * 1.25)  # but they cost


def test_a_step_is_the_formula():
    venv = made(1, 0.5, gust=0.0, ctrl_cost_weight=0.1)  # left front and right front
    begun = venv.unwrapped.state["position"].copy()
    for _ in range(2):
        observed, rewards, *_ = venv.step(np.tile(np.float32([1, 1, 0, 1]), (3, 1)))
    # 2 m/s^2 for .1 s at 45 degrees: half of one on the left, one on the left, one on the right
    first = 0.2 * np.sqrt(0.5) * np.array([2.5, -0.5])
    np.testing.assert_allclose(observed[:, 2:], np.tile(1.8 * first, (3, 1)), rtol=1e-6)
    np.testing.assert_allclose(rewards, 1.8 * first[0] - 0.3)
    moved = venv.unwrapped.state["position"] - begun
    np.testing.assert_allclose(moved, np.tile(0.1 * 2.8 * first, (3, 1)))


def test_the_expert_is_best_and_earns_what_the_formula_says():
    """In equilibrium thrust f a earns f a / sqrt(2) - c a^2 a step: f^2 / 8 c at its best."""
    earned = {}
    for change in (0.0, -0.1, 0.1):
        venv = made(2, 0.4, gust=0.0, num_envs=1, max_episode_steps=400)
        task = {"pair": 2, "factor": 0.4}
        best = venv.unwrapped.expert(np.zeros(4), task)
        np.testing.assert_allclose(best, np.array([0.4, 1, 1, 0.4]) * np.sqrt(0.5) / 0.9, rtol=1e-6)
        for _ in range(200):
            _, rewards, *_ = venv.step((best + np.float32(change))[None])
        earned[change] = float(rewards[0])
    np.testing.assert_allclose(earned[0.0], (1 + 1 + 0.16 + 0.16) / (8 * 0.45), rtol=1e-6)
    assert earned[0.0] > max(earned[0.1], earned[-0.1])


def test_a_trial_goes_from_full_strength_to_none():
    venv = gym.make_vec(ID, num_envs=2, max_episode_steps=1)
    venv.reset(seed=3)
    seen = []
    for _ in range(8):
        seen.append(venv.unwrapped.tasks["factor"].copy())
        venv.step(np.zeros((2, 4), np.float32))
    np.testing.assert_allclose(np.array(seen)[:, 0], [*np.linspace(1, 0, 7), 1], atol=1e-9)
    assert seen[6][0] == 0.0


def test_schedules():
    np.testing.assert_allclose(factors(Schedule(), 9), [*np.linspace(1, 0, 7), 0, 0], atol=1e-9)
    assert factors(Schedule(drift_episodes=3), 3, first=0.7) == pytest.approx([0.7, 0.2, 0.0])
    jumps = [factors(Schedule("jump"), 7, seed) for seed in range(3000)]
    assert {*np.ravel(jumps)} == {0.0, 1.0} and not np.array(jumps)[:, 6].any()
    when = np.bincount((np.array(jumps) > 0).sum(axis=1), minlength=7)[1:] / 3000
    np.testing.assert_allclose(when, 1 / 6, atol=4 * np.sqrt(1 / 6 * 5 / 6 / 3000))
    there_and_back = [1, 0.75, 0.25, 0, 0.25, 0.75, 1]
    np.testing.assert_allclose(factors(Schedule("periodic", 4), 7), there_and_back, atol=1e-9)
    walk = np.array(factors(Schedule("random_walk", walk_step=0.5), 3000, first=0.5))
    assert walk.min() >= 0 and walk.max() <= 1
    np.testing.assert_allclose(np.histogram(walk, 4, (0, 1))[0] / 3000, 0.25, atol=0.05)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_replay_changes_alike(schedule):
    venv = gym.make_vec(ID, num_envs=3, schedule=schedule, max_episode_steps=1)
    seen = []
    for _ in range(2):
        venv.reset(seed=7)
        for _ in range(6):
            venv.step(np.zeros((3, 4), np.float32))
            seen.append(venv.unwrapped.tasks["factor"].copy())
    assert (np.array(seen[:6]) == np.array(seen[6:])).all()


def test_mirrored_pairs_are_held_out():
    def pairs(split):
        env = gym.make(ID, split=split).unwrapped
        return {PAIRS[int(task["pair"])] for task in env.tasks_in_split}

    assert pairs("test") == {(0, 2), (1, 3)}
    assert pairs("train") == {(0, 1), (0, 3), (1, 2), (2, 3)} and len(pairs("all")) == 6
    labels = gym.make(ID).unwrapped.task_labels["pair"]
    assert labels[1] == "left front + right front"


def test_strengths_are_those_of_the_limbs_motors():
    tasks = {"pair": np.array([0, 14]), "factor": np.array([0.5, 0.0])}
    found = strengths(tasks, limbs=6, actuators=12)
    np.testing.assert_array_equal(found[0], [0.5] * 4 + [1.0] * 8)
    np.testing.assert_array_equal(found[1], [1.0] * 8 + [0.0] * 4)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"schedule": "liner"}, "schedule='liner' is unknown.*linear"),
        ({"drift_episodes": 1}, "drift_episodes=1 must be from 2"),
        ({"walk_step": 0.0}, "walk_step=0.0"),
        ({"ctrl_cost_weight": 0}, "ctrl_cost_weight=0 must"),
        ({"gust": -1.0}, "gust=-1.0"),
    ],
)
def test_wrong_arguments_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        gym.make(ID, **wrong)


def test_pictures_show_flames_paths_and_what_is_left():
    env: Any = gym.make(ID, render_mode="rgb_array")
    env.reset(seed=0, options={"task": {"pair": 0, "factor": 1.0}})
    env.step(np.float32([1, 1, 1, 1]))
    whole, seen = env.render(), env.unwrapped.render_seen(0)
    env.reset(seed=0, options={"task": {"pair": 0, "factor": 0.5}})
    env.step(np.float32([1, 1, 1, 1]))
    assert (env.render() != whole).any()
    env.reset(seed=0, options={"task": {"pair": 5, "factor": 1.0}})
    env.step(np.float32([1, 1, 1, 1]))
    assert (env.unwrapped.render_seen(0) == seen).all()  # a player is not told
