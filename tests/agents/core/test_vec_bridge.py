"""The bridge to Stable-Baselines3: its contract over our rows, and its algorithms unchanged."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import SyncVectorEnv
from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

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


def trains(model, steps):
    before = [parameter.detach().clone() for parameter in model.policy.parameters()]
    model.learn(steps)
    assert model.num_timesteps >= steps
    after = list(model.policy.parameters())
    assert all(torch.isfinite(parameter).all() for parameter in after)
    assert any(not torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert len(model.ep_info_buffer) > 0
    return model


PPO_SIZES: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 32,
    "n_epochs": 1,
    "seed": 0,
    "device": "cpu",
}


@pytest.mark.parametrize("make_env", [lambda i: i, gym.make], ids=["id", "env"])
def test_ppo_trains_on_an_id(make_env):
    kwargs = {"net_arch": [8]}
    trains(PPO("MlpPolicy", make_env("meta/DependentBandit-v0"), policy_kwargs=kwargs,
               **{**PPO_SIZES, "n_steps": 128}), 128)  # fmt: skip


def test_recurrent_ppo_trains_on_trials():
    env = TrialWrapper(gym.make("meta/GridNavi-v0"))
    kwargs = {"net_arch": [8], "lstm_hidden_size": 8}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = RecurrentPPO("MlpLstmPolicy", env, policy_kwargs=kwargs, **PPO_SIZES)
    trains(model, 96)
    assert {info["l"] for info in model.ep_info_buffer or ()} == {60}  # 4 episodes of 15 steps


@pytest.mark.parametrize("identity", ["meta/DependentBandit-v0", "meta/GridNavi-v0"])
def test_ppo_trains_on_the_bridge(identity):
    kwargs = {"pulls": 10} if "Bandit" in identity else {}
    model = PPO(
        "MlpPolicy", bridge(identity, **kwargs), policy_kwargs={"net_arch": [8]}, **PPO_SIZES
    )
    trains(model, 128)


def test_recurrent_ppo_trains_on_the_bridge_over_trials():
    venv = SB3VecEnv(VectorTrialWrapper(gym.make_vec("toy/Lengths-v0", num_envs=4)))
    kwargs = {"net_arch": [8], "lstm_hidden_size": 8}
    trains(RecurrentPPO("MlpLstmPolicy", venv, policy_kwargs=kwargs, **PPO_SIZES), 128)


def test_ppo_trains_on_box_actions_and_under_sb3_wrappers():
    venv = VecMonitor(bridge(box=True, max_episode_steps=5))
    trains(PPO("MlpPolicy", venv, policy_kwargs={"net_arch": [8]}, **PPO_SIZES), 128)


def test_training_is_reproducible_from_the_seed():
    def weights(seed):
        sizes = {**PPO_SIZES, "seed": seed}
        venv = bridge("meta/DependentBandit-v0", pulls=10)
        model = PPO("MlpPolicy", venv, policy_kwargs={"net_arch": [8]}, **sizes).learn(128)
        return torch.cat([parameter.flatten() for parameter in model.policy.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
