"""Rows of Gymnasium's own ids: the same play as gymnasium.make, ends included."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from meta_envs.core.foreign import ForeignRows


@pytest.mark.parametrize("id_", ["CartPole-v1", "FrozenLake-v1"])
def test_a_row_plays_as_the_environment_alone(id_):
    rows = ForeignRows(id_, num_envs=3)
    alone = [gym.make(id_) for _ in range(3)]
    shown, infos = rows.reset(seed=5)
    wanted = [env.reset(seed=5 + i)[0] for i, env in enumerate(alone)]
    np.testing.assert_array_equal(shown, wanted)
    assert infos["task"] == {}
    rows.action_space.seed(0)
    ends = 0
    for _ in range(60):
        actions = rows.action_space.sample()
        shown, rewards, terminated, truncated, infos = rows.step(actions)
        for i, env in enumerate(alone):
            observation, reward, over, cut, _ = env.step(actions[i])
            assert (reward, over, cut) == (rewards[i], terminated[i], truncated[i])
            if over or cut:
                ends += 1
                np.testing.assert_array_equal(infos["final_obs"][i], observation)
                observation, _ = env.reset()
            np.testing.assert_array_equal(shown[i], observation)
    assert ends > 3


def test_truncation_is_told_apart_and_a_mask_begins_its_rows_alone():
    rows = ForeignRows("CartPole-v1", num_envs=2, max_episode_steps=3)
    rows.reset(seed=0)
    for _ in range(2):
        shown, *_ = rows.step(np.array([0, 1]))
    again, _ = rows.reset(options={"reset_mask": np.array([True, False])})
    np.testing.assert_array_equal(again[1], shown[1])
    assert not np.array_equal(again[0], shown[0])
    _, _, terminated, truncated, _ = rows.step(np.array([0, 1]))
    assert truncated.tolist() == [False, True]
    assert not terminated.any()


def test_there_is_one_task_and_no_state():
    rows = ForeignRows("CartPole-v1", num_envs=2)
    rows.reset(seed=0)
    assert rows.splits == ("all",)
    assert rows.tasks == rows.sample_tasks(2, seed=0) == {}
    rows.set_tasks({})
    with pytest.raises(NotImplementedError, match="CartPole-v1 is an environment of Gymnasium"):
        rows.get_state()
    with pytest.raises(ValueError, match="num_envs=0"):
        ForeignRows("CartPole-v1", num_envs=0)
