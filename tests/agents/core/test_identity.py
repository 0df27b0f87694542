"""What trained is what is remembered: rows, id and arguments in force; what is given wins."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.wrappers import TimeLimit
from gymnasium.wrappers.vector import ClipReward

from agents import A2C, MAML, PBT, PEARL, RL2, VariBAD
from agents.core.base.venv import env_identity
from meta_envs.wrappers import VectorTrialWrapper
from tests.agents import toys  # noqa: F401  registers toy/...

torch.set_num_threads(1)
ID, POINT = "toy/Lengths-v0", "meta/PointGoal-v0"
GRU = {"hidden_size": 8, "embedding_sizes": (8,)}


def rows(number, identity=ID, **kwargs):
    return gym.make_vec(identity, num_envs=number, **kwargs)


def make(env, **kwargs):
    arguments = {"policy_kwargs": GRU, "preset": None, "seed": 3, **kwargs}
    return RL2("GruPolicy", env, **arguments)


def weights(agent):
    states = [network.state_dict() for network in agent._networks().values()]
    return torch.cat([one.double().flatten() for state in states for one in state.values()])


SMALL = {
    RL2: ("GruPolicy", ID, {"policy_kwargs": GRU, "batch_size": 3, "n_epochs": 1}, 100),
    VariBAD: ("BeliefPolicy", ID, {"vae_updates": 1, "vae_batch_size": 4}, 100),
    MAML: ("MlpPolicy", POINT, {"rows_per_task": 3, "policy_kwargs": {"net_arch": (4,)}}, 300),
    PEARL: (
        "MlpPolicy", POINT,
        {"n_train_tasks": 3, "n_initial_episodes": 1, "gradient_steps": 1, "meta_batch_size": 2,
         "batch_size": 4, "buffer_size": 2000, "context_batch_size": 4}, 300,
    ),
    A2C: ("MlpPolicy", ID, {"n_steps": 5}, 60),  # a made batch has trials that end
    PBT: ("a2c", ID, {"members": 2, "ready": 1, "score_tasks": 2}, 60),
}  # fmt: skip


@pytest.mark.parametrize("algorithm", SMALL, ids=lambda one: one.__name__)
def test_an_agent_of_a_made_batch_goes_on_as_if_it_had_never_stopped(algorithm, tmp_path):
    policy, identity, kwargs, steps = SMALL[algorithm]
    agent = algorithm(policy, rows(6, identity), preset=None, seed=0, **kwargs).learn(steps)
    agent.save(tmp_path / "x")
    again = [algorithm.load(tmp_path / "x")]
    if algorithm is RL2:
        again += [RL2.load(tmp_path / "x", env=gym.make(ID)), RL2.load(tmp_path / "x", env=rows(6))]
    agent.learn(steps, reset_num_timesteps=False)
    for other in again:
        assert other.n_envs == other.settings["n_envs"] == 6
        other.learn(steps, reset_num_timesteps=False)
        assert other.num_timesteps == agent.num_timesteps
        assert torch.equal(weights(other), weights(agent))


def test_what_is_given_to_load_wins(tmp_path):
    path = tmp_path / "x"
    make(ID, n_envs=4, env_kwargs={"longest": 4, "max_episode_steps": 3}).save(path)
    changed = RL2.load(path, env_kwargs={"longest": 6})
    assert changed.venv.unwrapped.longest == 6 and changed.venv.unwrapped.max_episode_steps == 3
    assert changed.env_kwargs == {"longest": 6, "max_episode_steps": 3}
    alone = RL2.load(path, env=ID, env_kwargs={"longest": 6})
    assert alone.env_kwargs == {"longest": 6} and alone.n_envs == 4
    assert RL2.load(path, custom_objects={"env_kwargs": {"longest": 2}}).venv.longest == 2
    assert RL2.load(path, n_envs=2).n_envs == 2
    assert RL2.load(path, env=rows(3)).n_envs == 3
    assert RL2.load(path, seed=8).seed == 8
    with pytest.raises(ValueError, match="n_envs=2, but the environment has 3 rows"):
        RL2.load(path, env=rows(3), n_envs=2)
    with pytest.raises(ValueError, match="belong to an id"):
        RL2.load(path, env=rows(3), env_kwargs={"longest": 6})
    with pytest.raises(ValueError, match="preset='long'.*own settings"):
        RL2.load(path, preset="long")
    with pytest.raises(TypeError, match=r"'n_env'. Did you mean 'n_envs'\?"):
        RL2.load(path, n_env=3)


def test_a_batch_size_that_does_not_fit_the_rows_that_are_given_is_named(tmp_path):
    make(rows(10), batch_size=5).save(tmp_path / "x")
    with pytest.raises(ValueError, match="batch_size=5 does not divide .* 8 trials; use e.g. 4"):
        RL2.load(tmp_path / "x", env=rows(8))
    assert RL2.load(tmp_path / "x", env=rows(8), batch_size=4).batch_size == 4
    assert RL2.load(tmp_path / "x").batch_size == 5


def test_switching_what_was_off_begins_anew(tmp_path):
    make(ID, n_envs=4, normalize_reward=False).save(tmp_path / "x")
    assert RL2.load(tmp_path / "x", normalize_reward=True).reward_normaliser.scale == 1.0


def test_n_envs_beside_a_batch_must_be_its_own():
    assert make(rows(3), n_envs=3).n_envs == 3
    with pytest.raises(ValueError, match="n_envs=5, but the environment has 3 rows; leave out"):
        make(rows(3), n_envs=5)
    with pytest.raises(ValueError, match="'num_envs'.* n_envs"):
        make(ID, env_kwargs={"num_envs": 3})


def test_the_environment_can_be_changed_for_one_of_as_many_rows(tmp_path):
    agent = make(rows(4, longest=4))
    agent.set_env(ID)
    assert (agent.n_envs, agent.env_kwargs, agent.settings["env_kwargs"]) == (4, {}, {})
    agent.set_env(rows(4, longest=2))
    agent.save(tmp_path / "x")
    assert RL2.load(tmp_path / "x").venv.longest == 2
    with pytest.raises(ValueError, match="has 6 rows; the agent trains on 4"):
        agent.set_env(rows(6))
    assert agent.venv.longest == 2


@pytest.mark.parametrize(
    ("make_env", "kwargs"),
    [
        (lambda: rows(2, POINT, max_episode_steps=7), {"max_episode_steps": 7}),
        (lambda: rows(2, POINT, episodes_per_trial=5), {"episodes_per_trial": 5}),
        (lambda: rows(2, POINT, split="test"), {"split": "test"}),
        (lambda: rows(2, POINT), {}),
        (lambda: gym.make(POINT, max_episode_steps=7), {"max_episode_steps": 7}),
        (lambda: TimeLimit(gym.make(POINT), 7), {"max_episode_steps": 7}),
        (lambda: TimeLimit(gym.make(POINT, max_episode_steps=7), 9), {"max_episode_steps": 7}),
    ],
)
def test_the_arguments_in_force_are_found(make_env, kwargs):
    assert env_identity(make_env(), None) == (POINT, kwargs)


def test_a_wrapped_batch_has_no_id():
    assert env_identity(ClipReward(rows(2), min_reward=0), None) == (None, {})
    assert env_identity(VectorTrialWrapper(rows(2)), None) == (None, {})


def test_accepted_arguments_are_honoured_or_refused(tmp_path, capsys):
    agent = make(ID, n_envs=4)
    for name in ("exclude", "include"):
        with pytest.raises(ValueError, match=f"{name}=.'policy'.*always whole"):
            agent.save(tmp_path / "x", **{name: ["policy"]})
    agent.save(tmp_path / "x")
    RL2.load(tmp_path / "x", print_system_info=True)
    assert "Python" in capsys.readouterr().out


def test_parts_of_the_parameters_are_taken_only_if_meant(tmp_path):
    agent, other = make(ID, n_envs=4), make(ID, n_envs=4, seed=9)
    agent.save(tmp_path / "x")
    other.set_parameters({"policy": agent.policy.state_dict()}, exact_match=False)
    assert torch.equal(weights(other), weights(agent))
    with pytest.raises(ValueError, match="'policy' does not fit"):
        other.set_parameters({"policy": {}}, exact_match=False)
    varibad = VariBAD("BeliefPolicy", ID, n_envs=4, preset=None, seed=0)
    with pytest.raises(ValueError, match="'decoders'.* are missing in .*x"):
        varibad.set_parameters(tmp_path / "x")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"seed": 1.9}, "seed=1.9 must be an integer, not float"),
        ({"seed": "3"}, "seed='3' must be an integer"),
        ({"seed": True}, "seed=True must be an integer"),
        ({"seed": -1}, "seed=-1 must be from 0 to"),
        ({"n_envs": 4.0}, "n_envs=4.0 must be an integer"),
        ({"n_envs": 0}, "n_envs=0 must be .*at least 1"),
        ({"n_trials": True}, "n_trials=True must be an integer"),
        ({"batch_size": "4"}, "batch_size='4' must be an integer"),
        ({"gae_lambda": "0.9"}, "gae_lambda='0.9' must be a number"),
        ({"vf_coef": float("nan")}, "vf_coef=nan must be a number"),
        ({"normalize_reward": "no"}, "normalize_reward='no' must be True or False"),
    ],
)
def test_values_of_another_kind_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(ID, **{"n_envs": 4, **kwargs})


def test_numbers_of_numpy_are_numbers(tmp_path):
    kwargs = {"n_envs": np.int32(4), "seed": np.int64(3), "batch_size": np.int64(2),
              "gae_lambda": np.float32(0.5), "normalize_reward": np.bool_(False)}  # fmt: skip
    agent, plain = make(ID, **kwargs), make(ID, **{key: one.item() for key, one in kwargs.items()})
    assert agent.settings == plain.settings and torch.equal(weights(agent), weights(plain))
    assert type(agent.settings["seed"]) is type(agent.settings["n_envs"]) is int


def test_a_mistaken_keyword_is_answered_in_pythons_words():
    with pytest.raises(
        TypeError, match=r"^RL2.__init__\(\) got an unexpected keyword argument 'n_env'. "
        r"Did you mean 'n_envs'\?$"
    ):  # fmt: skip
        make(ID, n_env=3)
    with pytest.raises(TypeError, match=r"^RL2.__init__\(\).* missing .*required .*'env'"):
        RL2("GruPolicy")
    with pytest.raises(TypeError, match="multiple values for argument 'env'"):
        RL2("GruPolicy", ID, env=ID)
