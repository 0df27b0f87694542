"""PointNavigation: rewards, ends and the best return, by hand."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/PointNavigation-v0"


def at_goal(goal, **kwargs) -> Any:
    env: Any = gym.make(_ID, **kwargs)
    observation, _ = env.reset(seed=0, options={"task": {"goal": goal}})
    assert observation.tolist() == [0, 0]
    return env


def test_a_straight_walk_by_hand():
    env = at_goal([0.3, 0.4])
    seen = [env.step(np.array([0.75, 1.0])) for _ in range(4)]
    # 0.125 a step along the diagonal of length 0.5
    assert [step[1] for step in seen] == pytest.approx([-0.375, -0.25, -0.125, 0], abs=1e-7)
    assert seen[1][0] == pytest.approx([0.15, 0.2])
    assert [step[2] for step in seen] == [False, False, False, True]
    assert [bool(step[4]["success"]) for step in seen] == [False, False, False, True]
    assert seen[0][4]["distance"] == pytest.approx(0.375)
    assert not any(step[3] for step in seen)


def test_it_ends_where_both_coordinates_are_within_a_hundredth():
    for offset, ends in ((0.0099, True), (0.0101, False)):
        env = at_goal([0.1 + offset, 0.1 - offset])
        _, reward, terminated, *_ = env.step(np.ones(2))
        assert terminated is ends
        assert reward == pytest.approx(-np.sqrt(2) * offset)
    env = at_goal([0.1, 0.12])
    assert env.step(np.ones(2))[2] is False


def test_actions_are_clipped_along_each_axis():
    env = at_goal([0.5, 0.5])
    assert env.step(np.array([3.0, -7.0]))[0] == pytest.approx([0.1, -0.1])


def test_it_is_cut_after_a_hundred_steps():
    env = gym.make_vec(_ID, num_envs=2)
    env.reset(seed=0)
    for step in range(1, 101):
        *_, terminated, truncated, _ = env.step(np.full((2, 2), -1.0, np.float32))
        assert not terminated.any() or step < 6
        assert truncated.tolist() == [step == 100] * 2


def test_the_shortest_way_earns_minus_a_half():
    """The sum of what is left after 0.1, 0.2, ... along each axis, over the square of goals."""
    n = 2000
    env: Any = gym.make_vec(_ID, num_envs=n, split="all")
    observations, _ = env.reset(seed=3)
    goals = env.tasks["goal"].copy()
    left = [np.maximum(np.abs(goals) - 0.1 * step, 0.0) for step in range(1, 6)]
    expected = sum(np.hypot(*part.T) for part in left)
    returns, playing = np.zeros(n), np.ones(n, dtype=bool)
    for _ in range(5):
        actions = np.clip((goals - observations) / 0.1, -1, 1).astype(np.float32)
        observations, rewards, terminated, *_ = env.step(actions)
        returns += rewards * playing
        playing &= ~terminated
    assert not playing.any()
    # Within 0.01 of the goal the episode ends, which leaves out at most 0.0142 and no more.
    assert np.abs(returns + expected).max() < 0.0142
    assert returns.mean() == pytest.approx(-0.506, abs=4.5 * returns.std() / np.sqrt(n))


def test_the_expert_goes_there():
    env = at_goal([-0.35, 0.2])
    observation, total, terminated = np.zeros(2), 0.0, False
    while not terminated:
        action = env.unwrapped.expert(observation, env.unwrapped.task)
        observation, reward, terminated, *_ = env.step(action)
        total += reward
    steps = [np.hypot(0.25, 0.1), 0.15, 0.05]
    assert total == pytest.approx(-sum(steps), abs=1e-6)


def test_goals_are_uniform_in_the_square_and_splits_alternate():
    env: Any = gym.make_vec(_ID, num_envs=1, split="all")
    goals = env.sample_tasks(4000, seed=0)["goal"]
    assert np.abs(goals).max() <= 0.5
    assert np.abs(goals.mean(axis=0)).max() < 4.5 * np.sqrt(1 / 12 / 4000)
    assert goals.var(axis=0) == pytest.approx([1 / 12] * 2, rel=0.08)
    train: Any = gym.make_vec(_ID, num_envs=1)
    cells = np.floor((train.sample_tasks(200, seed=1)["goal"][:, 0] + 0.5) * 1024)
    assert (cells % 2 == 0).all()


def test_a_goal_outside_the_square_is_refused():
    env: Any = gym.make(_ID).unwrapped
    with pytest.raises(ValueError, match=r"goal.*0\.6"):
        env.set_task({"goal": [0.6, 0.0]})
