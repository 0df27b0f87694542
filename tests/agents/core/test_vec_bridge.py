"""The bridge to Stable-Baselines3: its contract over our rows, and its algorithms unchanged."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers.vector import ClipReward
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from agents import SB3VecEnv
from meta_envs.core.rng import fold
from meta_envs.wrappers import TrialWrapper, VectorTrialWrapper
from tests.agents import toys  # noqa: F401  registers "toy/..."

torch.set_num_threads(1)


def bridge(identity="toy/Lengths-v0", rows=4, **kwargs):
    return SB3VecEnv(gym.make_vec(identity, num_envs=rows, **kwargs))


def pinned(lengths, **kwargs):
    venv = bridge(rows=len(lengths), **kwargs)
    venv.set_attr("task", None)
    for row, length in enumerate(lengths):
        venv.env_method("set_task", {"length": length}, indices=[row])
    return venv


def still(venv):
    return np.zeros((venv.num_envs, *venv.action_space.shape), venv.action_space.dtype)


def played(venv, steps):
    venv.reset()
    return [venv.step(still(venv)) for _ in range(steps)]


def test_ends_carry_the_last_observation_and_the_return():
    history = played(pinned([2, 3]), 6)
    for number, (observations, rewards, dones, infos) in enumerate(history, 1):
        assert rewards.dtype == np.float32
        for row, length in enumerate((2, 3)):
            ended = number % length == 0
            place = (number - 1) % length + 1
            assert dones[row] == ended and rewards[row] == place
            assert observations[row] == (0 if ended else place)  # the next episode's first
            assert ("episode" in infos[row]) == ("terminal_observation" in infos[row]) == ended
            if ended:
                assert infos[row]["terminal_observation"] == np.array([length])
                assert infos[row]["TimeLimit.truncated"] is False
                assert infos[row]["is_success"] is True
                assert infos[row]["episode"]["r"] == length * (length + 1) / 2
                assert infos[row]["episode"]["l"] == length
                assert infos[row]["episode"]["t"] >= 0


def test_cut_episodes_are_truncated_and_ended_ones_are_not():
    history = played(pinned([7, 4, 3], max_episode_steps=4), 4)
    _, _, dones, infos = history[-1]
    assert dones.tolist() == [True, True, False]
    # Row 1 ends in the step that would cut it: the problem is over, so nothing is bootstrapped.
    assert [infos[row]["TimeLimit.truncated"] for row in (0, 1)] == [True, False]
    assert infos[0]["terminal_observation"] == np.array([4])
    assert infos[0]["is_success"] is False
    assert history[2][3][2]["TimeLimit.truncated"] is False
    assert "TimeLimit.truncated" not in infos[2]


def test_infos_hold_no_task_and_a_number_a_row():
    (_, _, _, infos) = played(bridge("meta/DependentBandit-v0"), 1)[0]
    assert all("task" not in info for info in infos)
    assert all(np.shape(info["expected_reward"]) == () for info in infos)


def test_a_reset_forgets_the_open_episode():
    venv = pinned([3])
    played(venv, 2)
    assert played(venv, 3)[-1][3][0]["episode"]["l"] == 3


def test_the_seed_is_folded_and_counts_once():
    venv = bridge(rows=5)
    seeds = venv.seed(3)
    assert list(seeds) == [fold(3, "rows") + row for row in range(5)]
    venv.reset()
    first = venv.get_attr("task")
    other = gym.make_vec("toy/Lengths-v0", num_envs=5)
    _, infos = other.reset(seed=fold(3, "rows"))
    assert [int(task["length"]) for task in first] == infos["task"]["length"].tolist()
    draws = []
    for _ in range(10):
        venv.reset()
        draws.append([int(task["length"]) for task in venv.get_attr("task")])
    assert len({tuple(row) for row in draws}) > 1  # later resets go on, and do not repeat
    venv.seed(3)
    venv.reset()
    assert venv.get_attr("task") == first
    assert [info["task"] for info in venv.reset_infos] == first


def test_tasks_are_copies():
    venv = bridge("meta/DependentBandit-v0", rows=2, pulls=1)
    venv.seed(0)
    venv.reset()
    kept = venv.get_attr("task")
    before = [task["means"].tolist() for task in kept]
    venv.step(still(venv))  # an episode is one pull: every row draws another task
    assert [task["means"].tolist() for task in kept] == before
    assert [task["means"].tolist() for task in venv.get_attr("task")] != before


def test_tasks_are_pinned_by_row_and_released():
    venv = bridge(rows=3)
    assert venv.get_attr("task") == [None] * 3
    assert venv.env_method("set_task", {"length": 5}, indices=[0, 2]) == [None, None]
    venv.env_method("set_task", {"length": 2}, indices=1)
    venv.reset()
    assert [int(task["length"]) for task in venv.get_attr("task")] == [5, 2, 5]
    assert [int(task["length"]) for task in venv.get_attr("task", indices=[1])] == [2]
    venv.set_attr("task", {"length": 7}, indices=[1])
    venv.reset()
    assert [int(task["length"]) for task in venv.get_attr("task")] == [5, 7, 5]
    venv.env_method("set_task", None)
    seen = set()
    for _ in range(10):
        venv.reset()
        seen |= {int(task["length"]) for task in venv.get_attr("task")}
    assert len(seen) > 2


def lengths(venv):
    venv.reset()
    return [int(info["task"]["length"]) for info in venv.reset_infos]


def dummy(rows):
    return DummyVecEnv([lambda: gym.make("toy/Lengths-v0")] * rows)


@pytest.mark.parametrize("make", [dummy, lambda rows: bridge(rows=rows)], ids=["dummy", "bridge"])
def test_options_reach_the_next_reset(make):
    venv = make(3)
    venv.set_options({"task": {"length": 6}})
    assert lengths(venv) == [6, 6, 6]
    venv.set_options([{"task": {"length": n}} for n in (2, 3, 4)])
    assert lengths(venv) == [2, 3, 4] and lengths(venv) == [2, 3, 4]
    venv.set_options([{"task": {"length": 5}}, {"task": None}, {}])
    venv.seed(1)
    assert lengths(venv)[::2] == [5, 4]
    venv.set_options({"nonsense": 1})
    with pytest.raises(ValueError, match="nonsense.* unknown"):
        venv.reset()


def test_options_that_are_none_are_refused_at_once():
    venv = bridge(rows=2)
    with pytest.raises(ValueError, match="1 dicts; there are 2 rows"):
        venv.set_options([{}])
    with pytest.raises(TypeError, match="give a dict"):
        venv.set_options("task")
    venv.set_options([{"keep_task": True}, {}])
    with pytest.raises(ValueError, match="keep_task must be the same"):
        venv.reset()


@pytest.mark.parametrize("make", [dummy, lambda rows: bridge(rows=rows)], ids=["dummy", "bridge"])
def test_reset_infos_are_of_each_rows_newest_episode(make):
    venv = make(2)
    venv.seed(0)
    venv.reset()
    for _ in range(30):
        venv.step(still(venv))
    newest = [int(info["task"]["length"]) for info in venv.reset_infos]
    assert newest == [int(task["length"]) for task in venv.get_attr("task")]


def test_indices_are_checked_and_may_be_numbers_of_numpy():
    venv = bridge(rows=3)
    venv.env_method("set_task", task={"length": 2}, indices=np.int64(1))
    venv.env_method("set_task", {"length": 3}, indices=[-1])
    assert lengths(venv)[1:] == [2, 3]
    assert venv.get_attr("longest", np.array([0, 2])) == [7, 7]
    for call in (venv.get_attr, venv.env_method):
        with pytest.raises(IndexError, match="no row 3; there are 3"):
            call("longest", indices=[3])
    with pytest.raises(ValueError, match="'longest' is of all 3 rows"):
        venv.set_attr("longest", 5, indices=[0])
    with pytest.raises(ValueError, match="'reset' is of all 3 rows"):
        venv.env_method("reset", indices=[0])
    with pytest.raises(AttributeError, match="no attribute 'shortest'"):
        venv.get_attr("shortest")
    assert not venv.has_attr("shortest") and venv.has_attr("longest")


def test_attributes_are_found_through_wrappers_and_are_a_rows():
    venv = SB3VecEnv(VectorTrialWrapper(gym.make_vec("toy/Lengths-v0", num_envs=2)))
    assert venv.get_attr("episodes_per_trial") == [3, 3]
    assert venv.get_attr("action_space") == [venv.action_space] * 2
    assert venv.get_attr("observation_space") == [venv.observation_space] * 2
    assert venv.env_is_wrapped(VectorTrialWrapper) == [True, True]
    limited = SB3VecEnv(ClipReward(gym.make_vec("toy/Lengths-v0", num_envs=2), max_reward=1))
    limited.set_attr("longest", 2)
    assert limited.venv.unwrapped.longest == 2


def test_the_seed_may_be_drawn_and_is_checked():
    venv = bridge(rows=2)
    state = np.random.get_state()[1].copy()
    assert venv.seed() != venv.seed()
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert venv.seed(np.int64(3)) == venv.seed(3)
    for seed in (1.5, "3", True, -1):
        with pytest.raises(ValueError, match=f"seed={seed!r} must be "):
            venv.seed(seed)


def test_pictures_have_the_environments_own_speed():
    venv = bridge("meta/PointGoal-v0", rows=2, render_mode="rgb_array")
    assert venv.metadata["render_fps"] == venv.venv.metadata["render_fps"]
    assert "autoreset_mode" not in venv.metadata
    venv.reset()
    assert [one.ndim for one in venv.env_method("render", indices=1)] == [3]


def test_infos_of_wrappers_are_of_the_rows_that_have_them():
    class Sometimes(ClipReward):
        def step(self, actions):
            *rest, infos = super().step(actions)
            mask = np.array([True, False])
            return (*rest, {**infos, "note": np.ones((2, 3)), "_note": mask})

    inner = Sometimes(gym.make_vec("toy/Lengths-v0", num_envs=2), max_reward=1)
    _, _, _, infos = played(SB3VecEnv(inner), 1)[0]
    assert "note" in infos[0] and "note" not in infos[1] and "_note" not in infos[0]


def test_a_task_outside_the_space_is_refused():
    with pytest.raises(ValueError, match="length"):
        bridge().env_method("set_task", {"length": 99}, indices=[0])


def test_tasks_are_sampled_by_row_and_attributes_shared():
    venv = bridge(rows=3)
    drawn = venv.env_method("sample_task", seed=1)
    wanted = venv.venv.sample_tasks(3, seed=1)["length"]
    assert [int(task["length"]) for task in drawn] == wanted.tolist()
    assert len(venv.env_method("sample_task", indices=[1])) == 1
    assert venv.get_attr("episodes_per_trial") == [3, 3, 3]
    venv.set_attr("longest", 5)
    assert venv.get_attr("longest", indices=[0]) == [5]
    assert venv.env_is_wrapped(TrialWrapper) == [False] * 3
    assert venv.env_is_wrapped(Monitor, indices=[1]) == [True]  # infos have its `episode`


def test_other_vector_envs_are_refused():
    with pytest.raises(TypeError, match="make_vec"):
        SB3VecEnv(SyncVectorEnv([lambda: gym.make("CartPole-v1")]))
    with pytest.raises(TypeError, match="make_vec"):
        SB3VecEnv(gym.make("toy/Guess-v0"))


def test_a_vector_wrapper_shows_its_own_spaces():
    venv = SB3VecEnv(VectorTrialWrapper(gym.make_vec("toy/Lengths-v0", num_envs=2)))
    assert venv.observation_space.shape == (1 + 3 + 2,)
    venv.env_method("set_task", {"length": 2})
    history = played(venv, 6)  # a trial is 3 episodes of 2 steps
    assert [dones.tolist() for _, _, dones, _ in history] == [[False] * 2] * 5 + [[True] * 2]
    assert history[-1][3][0]["episode"] == {
        "r": 9.0,
        "l": 6,
        "t": history[-1][3][0]["episode"]["t"],
    }
    np.testing.assert_array_equal(
        history[-1][3][0]["terminal_observation"], np.array([2, 1, 0, 0, 2, 1])
    )
    np.testing.assert_array_equal(history[-1][0][0], np.array([0, 0, 0, 0, 0, 1]))
