"""GridNavi: its goals, its optimum, its border."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/GridNavi-v0"
_STAY, _UP, _RIGHT, _DOWN, _LEFT = range(5)


def batch(num_envs=1, **kwargs) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def goals(split, **kwargs):
    env: Any = gym.make(_ID, split=split, **kwargs).unwrapped
    return [tuple(task["goal"].tolist()) for task in env.tasks_in_split]


def test_twenty_one_goals_of_which_five_are_held_out():
    train, test, every = (goals(split) for split in ("train", "test", "all"))
    assert every == [(x, y) for x in range(5) for y in range(5) if x > 1 or y > 1]
    assert (len(train), len(test)) == (16, 5)
    assert sorted(train + test) == every
    assert len({x for x, _ in test}) >= 4  # spread over the grid
    assert len({y for _, y in test}) >= 3


@pytest.mark.parametrize("size", [3, 4, 8])
def test_every_size_holds_out_a_quarter(size):
    train, test, every = (goals(split, size=size) for split in ("train", "test", "all"))
    assert len(every) == size**2 - 4
    assert len(test) == max(len(every) // 4, 1)
    assert sorted(train + test) == every


def test_draws_are_uniform_over_the_goals_of_the_split():
    drawn = batch(split="test").sample_tasks(2000, seed=0)["goal"]
    names, counts = np.unique(drawn, axis=0, return_counts=True)
    assert [tuple(name) for name in names.tolist()] == goals("test")
    assert (abs(counts - 400) < 4.5 * np.sqrt(2000 * 0.2 * 0.8)).all()


def test_walking_straight_to_a_known_goal_earns_11_071_on_average():
    every = goals("all")
    env = batch(21, split="all")
    env.set_tasks([{"goal": goal} for goal in every])
    cells, _ = env.reset(seed=0)
    target, returns, successes = np.array(every), np.zeros(21), np.zeros(21)
    for step in range(1, 16):
        x, y = (target - cells).T
        actions = np.select([x > 0, y > 0], [_RIGHT, _UP], _STAY)
        cells, rewards, terminated, truncated, infos = env.step(actions)
        assert np.array_equal(infos["success"], rewards == 1.0)
        returns += rewards
        successes += infos["success"]
        assert terminated.all() == terminated.any() == (step == 15)
        assert not truncated.any()
    distance = target.sum(axis=1)
    assert np.array_equal(successes, 16 - distance)
    assert np.allclose(returns, (16 - distance) - 0.1 * (distance - 1))
    assert returns.mean() == pytest.approx(11.0714, abs=1e-4)
    assert np.array_equal(infos["final_obs"], target)
    assert (cells == 0).all()


def test_moves_go_where_they_say_and_stop_at_the_border():
    env: Any = gym.make(_ID, size=3)
    first, _ = env.reset(seed=0)
    assert first.tolist() == [0, 0]
    moves = [_UP, _UP, _UP, _RIGHT, _RIGHT, _RIGHT, _DOWN, _STAY, _LEFT, _DOWN, _DOWN, _LEFT, _LEFT]
    places = [env.step(move)[0].tolist() for move in moves]
    assert places == [
        [0, 1], [0, 2], [0, 2], [1, 2], [2, 2], [2, 2], [2, 1],
        [2, 1], [1, 1], [1, 0], [1, 0], [0, 0], [0, 0],
    ]  # fmt: skip


def test_a_trial_has_four_episodes_with_one_goal():
    env = batch(3)
    env.reset(seed=1)
    started = [env.step(np.zeros(3, dtype=np.int64))[-1]["trial_start"].all() for _ in range(130)]
    assert np.flatnonzero(started).tolist() == [59, 119]


@pytest.mark.parametrize("goal", [[0, 0], [0, 1], [1, 0], [1, 1]])
def test_a_goal_beside_the_start_is_refused(goal):
    env: Any = gym.make(_ID).unwrapped
    with pytest.raises(ValueError, match="too near the start"):
        env.set_task({"goal": goal})


def test_a_goal_outside_the_grid_is_refused():
    env: Any = gym.make(_ID).unwrapped
    with pytest.raises(ValueError, match=r"goal.*1.*=5 is outside \[0, 4\]"):
        env.set_task({"goal": [2, 5]})
    with pytest.raises(TypeError, match="not an integer"):
        env.set_task({"goal": [2.5, 3]})


@pytest.mark.parametrize("wrong", [{"size": 2}, {"size": 0}, {"steps": 0}, {"steps": 1.5}])
def test_bad_arguments_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        gym.make(_ID, **wrong)


def test_behind_the_gate_the_goal_pays_once_the_far_corner_was_visited():
    env = gym.make("meta/GridNavi-v0", gate=True, render_mode="rgb_array")
    assert len(env.unwrapped.tasks_in_split) < 21 and env.unwrapped.gate == (4, 4)
    env.reset(seed=0, options={"task": {"goal": [4, 3]}})
    up, right, down = 1, 2, 3
    rewards = [env.step(action)[1] for action in [right] * 4 + [up] * 4 + [down, 0]]
    assert rewards == [-0.1] * 8 + [1.0, 1.0]  # past the goal, which did not pay yet
    env.reset()
    rewards = [env.step(action)[1] for action in [right] * 4 + [up] * 3]
    assert rewards == [-0.1] * 6 + [1.0]  # open to the end of the trial
    env.render()
    for _ in range(2):
        env.reset()
    info = env.reset()[1]  # a new trial
    assert info["trial_start"]
    env.reset(options={"task": {"goal": [2, 0]}})
    steps = [env.step(right) for _ in range(2)]
    assert steps[-1][1] == -0.1 and not steps[-1][4]["success"]
    with pytest.raises(ValueError, match="is the gate"):
        env.unwrapped.set_task({"goal": [4, 4]})
