"""Self-play: versions do what the agent did, are in the checkpoint, and resume bit for bit."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import stable_baselines3 as sb3
import torch
from stable_baselines3.common.callbacks import BaseCallback

import agents
from agents import PPO, ContinuousMAML, SB3VecEnv
from agents.self_play import SelfPlay, opponent_arrays
from agents.self_play.callback import with_version
from meta_envs.core.bank import Bank
from meta_envs.opponents.roster import MADE_AT, acted, opponents_of

ID = "meta/Sumo-v0"
KWARGS: dict[str, Any] = {"bank": "self", "max_versions": 4, "time_limit": 20, "threads": 1}
SMALL: dict[str, Any] = {"net_arch": [8, 8]}


def ppo(**more: Any) -> PPO:
    given = {"task": "changing", "n_envs": 2, "n_steps": 16, "seed": 0, "policy_kwargs": SMALL}
    return PPO("MlpPolicy", ID, env_kwargs=KWARGS, **{**given, **more})


def maml(**more: Any) -> ContinuousMAML:
    given = {"n_envs": 2, "rows_per_task": 1, "inner_steps": 1, "n_epochs": 1, "seed": 0, **more}
    return ContinuousMAML("MlpPolicy", ID, env_kwargs=KWARGS, policy_kwargs=SMALL, **given)


def rows(num_envs: int = 2, **more: Any) -> SB3VecEnv:
    return SB3VecEnv(gym.make_vec(ID, num_envs=num_envs, **{**KWARGS, **more}))


def models() -> dict[str, Any]:
    nets = {"policy_kwargs": {"net_arch": [8, 8]}, "seed": 0, "device": "cpu"}
    return {
        "PPO": lambda: ppo(),
        "PPO, own torsos, relu": lambda: ppo(
            policy_kwargs={**SMALL, "separate": ["value"], "activation": "relu"}
        ),
        "ContinuousMAML": lambda: maml(),
        "SB3's PPO": lambda: sb3.PPO("MlpPolicy", rows(), **nets),
        "SB3's SAC": lambda: sb3.SAC("MlpPolicy", rows(), buffer_size=10, **nets),
        "SB3's TD3": lambda: sb3.TD3("MlpPolicy", rows(), buffer_size=10, **nets),
    }


@pytest.mark.parametrize("name", models())
def test_a_version_does_what_the_agent_does_without_noise(name):
    model = models()[name]()
    bank = opponents_of(opponent_arrays(model))
    seen = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
    expected, _ = model.predict(seen, deterministic=True)
    found = acted(bank, np.zeros(5, int), seen)
    np.testing.assert_allclose(found, np.clip(expected, -1, 1), atol=1e-5)


class _Killed(Exception):
    pass


class _KillAt(BaseCallback):
    """Saves within the iteration at some timestep, and stops the program there."""

    def __init__(self, at: int, path: Any):
        super().__init__()
        self.at, self.path = at, path

    def _on_step(self) -> bool:
        if self.model.num_timesteps >= self.at:
            self.model.save(self.path)
            raise _Killed
        return True


@pytest.mark.parametrize(("made", "steps", "at"), [(ppo, 192, 104), (maml, 420, 200)])
def test_a_killed_training_resumes_bit_for_bit(made, steps, at, tmp_path):
    every = steps // 6
    whole = made().learn(steps, callback=SelfPlay(every, keep=4))
    with pytest.raises(_Killed):
        killed = [SelfPlay(every, keep=4), _KillAt(at, tmp_path / "agent.zip")]
        made().learn(steps, callback=killed)
    resumed = type(whole).load(tmp_path / "agent.zip")
    assert resumed.venv.unwrapped.bank.size > 1  # the versions came with the checkpoint
    left = steps - resumed.num_timesteps
    resumed.learn(left, callback=SelfPlay(every, keep=4), reset_num_timesteps=False)
    assert resumed.num_timesteps == whole.num_timesteps
    assert resumed.venv.unwrapped.bank.hash == whole.venv.unwrapped.bank.hash
    for name, network in whole._networks().items():
        again = resumed._networks()[name].state_dict()
        for key, part in network.state_dict().items():
            assert torch.equal(again[key], part), (name, key)
    made_at = whole.venv.unwrapped.bank.arrays[MADE_AT]
    assert made_at[0] == 0 and (np.diff(made_at) >= every).all() and len(made_at) <= 4


def test_sb3_trains_against_its_earlier_selves_and_leaves_a_bank(tmp_path):
    path = tmp_path / "bank.safetensors"
    for num_timesteps in (64, 128):  # the second training goes on with the file
        model = sb3.PPO("MlpPolicy", rows(), n_steps=16, batch_size=32, seed=0, device="cpu")
        if num_timesteps == 128:
            model.num_timesteps = 64
        model.learn(64, SelfPlay(32, keep=4, path=path), reset_num_timesteps=num_timesteps == 64)
    bank = Bank(str(path))
    assert bank.arrays[MADE_AT].tolist() == [0, 32, 64, 96]
    assert gym.make_vec(ID, num_envs=1, bank=str(path), threads=1).unwrapped.roster.most == 4
    single = sb3.PPO("MlpPolicy", gym.make(ID, **KWARGS), n_steps=16, batch_size=16, device="cpu")
    single.learn(32, SelfPlay(16, keep=4))
    assert single.get_env().envs[0].unwrapped.bank.size == 2


def test_versions_stay_spread_over_all_of_training():
    versions = {MADE_AT: np.zeros(1), "w": np.zeros((1, 2))}
    for time in range(1, 40):
        made = {MADE_AT: np.array([float(time)]), "w": np.full((1, 2), float(time))}
        versions = with_version(versions, made, 6)
        assert versions[MADE_AT][[0, -1]].tolist() == [0, time]
    assert len(versions[MADE_AT]) == 6 and (versions["w"][:, 0] == versions[MADE_AT]).all()
    assert np.diff(versions[MADE_AT]).max() <= 2 * 39 / 5


def test_what_cannot_be_kept_is_refused():
    with pytest.raises(ValueError, match="make it with bank='self', max_versions=32"):
        ppo().learn(32, SelfPlay(32))
    with pytest.raises(ValueError, match="name 4 of 3"):
        agents.PPO("MlpPolicy", ID, n_envs=2, task="changing").learn(32, SelfPlay(32, keep=4))
    with pytest.raises(TypeError, match="whose tasks name opponents"):
        agents.PPO("MlpPolicy", "CartPole-v1").learn(32, SelfPlay(32))
    recurrent = agents.RL2("GruPolicy", ID, n_envs=2, env_kwargs=KWARGS)
    with pytest.raises(TypeError, match="banks hold feed-forward policies"):
        recurrent.learn(32, SelfPlay(32, keep=4))
    with pytest.raises(ValueError, match="of another policy"):
        with_version({"a": np.zeros(1)}, {"b": np.zeros(1)}, 3)
