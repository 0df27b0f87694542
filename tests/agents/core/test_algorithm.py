import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback

import meta_envs  # noqa: F401
from agents import L2RL, RL2, SB3VecEnv, Step, evaluate
from meta_envs.wrappers import TrialWrapper, VectorTrialWrapper
from tests.agents import toys  # noqa: F401  registers toy/...

ID = "toy/Lengths-v0"
SMALL = {"n_envs": 4, "policy_kwargs": {"hidden_size": 8, "embedding_sizes": (8,)}, "seed": 3}


def make(env=ID, **kwargs):
    return RL2("GruPolicy", env, **{**SMALL, "n_epochs": 2, **kwargs})


def same(one, other):
    states = one.get_parameters(), other.get_parameters()
    flat = [
        {
            f"{name}.{key}": value
            for name, state in parts.items()
            for key, value in _flat(state).items()
        }
        for parts in states
    ]
    return flat[0].keys() == flat[1].keys() and all(
        torch.equal(torch.as_tensor(flat[0][key]), torch.as_tensor(flat[1][key])) for key in flat[0]
    )


def _flat(state, prefix=""):
    found = {}
    for key, value in state.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{prefix}{key}."))
        elif isinstance(value, torch.Tensor | int | float):
            found[f"{prefix}{key}"] = value
    return found


class At(BaseCallback):
    """Call something at the n-th step of training."""

    def __init__(self, step, action):
        super().__init__()
        self.step, self.action = step, action

    def _on_step(self):
        if self.n_calls == self.step:
            self.action(self.model)
        return True


def test_interrupted_update_saves_the_last_boundary(tmp_path):
    agent = make(n_epochs=3)
    calls = []
    step = agent.update._step

    def interrupted(policy, loss):
        calls.append(loss)
        if len(calls) == 5:
            raise KeyboardInterrupt
        step(policy, loss)

    agent.update._step = interrupted
    with pytest.raises(KeyboardInterrupt):
        agent.learn(600)
    agent.save(tmp_path / "x")
    resumed = RL2.load(tmp_path / "x")
    assert resumed.iteration == 1
    resumed.learn(600 - resumed.num_timesteps, reset_num_timesteps=False)
    assert same(resumed, make(n_epochs=3).learn(600))


def test_a_drawn_seed_is_known_and_repeats():
    agent = make(seed=None).learn(100)
    assert same(agent, make(seed=agent.seed).learn(100))


def test_predict_equals_the_inner_loop():
    agent = make().learn(200)
    env = TrialWrapper(gym.make(ID))
    venv = gym.make_vec(ID, num_envs=1)
    loop = agent.inner_loop(venv, seed=0)
    loop.reset()
    shown, _ = env.reset(seed=5)
    raw, _ = venv.reset(seed=5)
    state, start = None, np.ones(1, dtype=bool)
    over = False
    while not over:
        action, state = agent.predict(shown, state, start, deterministic=True)
        acted = loop.act(raw, deterministic=True)
        assert action == acted[0]
        shown, reward, over, _, _ = env.step(action)
        raw, rewards, terminated, truncated, infos = venv.step(acted)
        loop.observe(Step(None, acted, rewards, terminated, truncated, None, infos))
        np.testing.assert_array_equal(loop._state.numpy(), state)
        assert reward == rewards[0]
        start = np.zeros(1, dtype=bool)


def test_predict_refuses_a_raw_observation():
    with pytest.raises(ValueError, match="TrialWrapper.*inner_loop"):
        make().predict(np.zeros(1, np.float32))


def test_predict_state_restarts_where_a_trial_starts():
    agent = make()
    shown = np.random.default_rng(0).normal(size=(2, agent.policy.builder.size)).astype("f4")
    _, state = agent.predict(shown)
    _, again = agent.predict(shown, state, np.array([True, False]))
    np.testing.assert_array_equal(again[0], state[0])
    assert not np.array_equal(again[1], state[1])


def test_env_may_be_an_id_a_made_env_a_batch_or_a_bridge():
    kwargs = {"longest": 3}
    batch = gym.make_vec(ID, num_envs=4, **kwargs)
    agents = [
        make(env_kwargs=kwargs),
        make(env=gym.make(ID, **kwargs)),
        make(env=batch),
        make(env=SB3VecEnv(batch)),
    ]
    for agent in agents:
        assert (agent.env_id, agent.env_kwargs) == (ID, kwargs)
        assert same(agent.learn(100), make(env_kwargs=kwargs).learn(100))


@pytest.mark.parametrize(
    ("env", "error", "message"),
    [
        ("CartPole-v1", TypeError, "no task API"),
        (lambda: gym.make("CartPole-v1"), TypeError, "no task API"),
        (lambda: gym.make_vec("CartPole-v1", num_envs=2), TypeError, "no task API"),
        (lambda: TrialWrapper(gym.make(ID)), ValueError, "TrialWrapper"),
        (lambda: VectorTrialWrapper(gym.make_vec(ID, num_envs=2)), TypeError, "trials themselves"),
        (3, TypeError, "give an id"),
        ("toy/Length-v0", gym.error.NameNotFound, "Lengths"),
    ],
)
def test_other_environments_are_refused_with_what_to_do(env, error, message):
    with pytest.raises(error, match=message):
        make(env=env() if callable(env) else env)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"batch_size": 3}, "batch_size=3 does not divide n_envs . n_trials = 4.*use e.g. 2"),
        ({"gamma": 1.5}, "gamma=1.5"),
        ({"n_trials": 0}, "n_trials=0"),
        ({"learning_rate": "fast"}, "learning_rate='fast'"),
        ({"preset": "nothing"}, "preset='nothing'"),
    ],
)
def test_arguments_out_of_range_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


def test_an_inner_loop_refuses_other_spaces():
    with pytest.raises(ValueError, match="action space is Box.*trained on Discrete"):
        make().inner_loop(gym.make_vec(ID, num_envs=2, box=True))


def test_load_refuses_another_algorithm_and_other_spaces(tmp_path):
    make().save(tmp_path / "x")
    with pytest.raises(ValueError, match="checkpoint of RL2, not of L2RL"):
        L2RL.load(tmp_path / "x")
    with pytest.raises(ValueError, match="the agent was trained on"):
        RL2.load(tmp_path / "x", env=gym.make_vec(ID, num_envs=2, box=True))
    with pytest.raises(OSError):
        RL2.load(tmp_path / "nothing.zip")


def test_loading_brings_back_an_equal_agent_without_its_environment(tmp_path):
    agent = make(env_kwargs={"longest": 4}, gamma=0.7).learn(200)
    agent.save(tmp_path / "x")
    loaded = RL2.load(tmp_path / "x")
    assert same(agent, loaded) and loaded.gamma == 0.7
    assert (loaded.env_id, loaded.env_kwargs) == (ID, {"longest": 4})
    curves = [evaluate(one, ID, num_tasks=10, env_kwargs={"longest": 4}) for one in (agent, loaded)]
    np.testing.assert_array_equal(curves[0].row_returns, curves[1].row_returns)
    assert loaded.reward_normaliser.scale == agent.reward_normaliser.scale


def test_parameters_can_be_taken_from_another_agent(tmp_path):
    agent = make().learn(100)
    agent.save(tmp_path / "x")
    for source in (agent.get_parameters(), tmp_path / "x.zip"):
        other = make(seed=9)
        assert not same(other, agent)
        other.set_parameters(source)
        assert same(other, agent)
    with pytest.raises(ValueError, match="unknown"):
        agent.set_parameters({"brain": {}})
    with pytest.raises(ValueError, match="missing"):
        agent.set_parameters({"policy": agent.policy.state_dict()})


def test_learn_stops_at_the_first_boundary_past_the_total():
    agent = make()
    counts = []
    agent.learn(150, callback=At(1, lambda model: counts.append(model.num_timesteps)))
    assert agent.num_timesteps >= 150
    assert agent.learn(0).num_timesteps == 0, "nothing to do"


def test_sb3_callbacks_logger_tensorboard_and_progress_bar_work(tmp_path):
    seen = []

    class Count(BaseCallback):
        def _on_rollout_start(self):
            seen.append("start")

        def _on_rollout_end(self):
            seen.append("end")

        def _on_step(self):
            return self.model.iteration < 3

    agent = make(tensorboard_log=str(tmp_path))
    agent.learn(10_000, callback=Count(), progress_bar=True, tb_log_name="run")
    assert agent.iteration == 3 and seen[:4] == ["start", "end"] * 2, "False stops training"
    assert list((tmp_path / "run_1").glob("events*"))
    logged = agent.logger.name_to_value
    assert not logged or "rollout/trial_rew_mean" in logged


def test_separate_value_trains_and_resumes(tmp_path):
    kwargs = {"policy_kwargs": {**SMALL["policy_kwargs"], "separate_value": True}}
    agent = make(**kwargs).learn(200)
    agent.save(tmp_path / "x")
    assert same(RL2.load(tmp_path / "x"), agent)


def test_learning_again_plays_other_trials():
    agent = make().learn(100)
    once = agent.iteration
    agent.learn(100)
    assert agent.iteration > once and agent.num_timesteps < 200


def test_a_presets_batch_size_gives_way_to_other_rows(tmp_path):
    agent = RL2("GruPolicy", "meta/BernoulliBandit-v0", n_envs=8)
    assert agent.batch_size == 8
    agent.save(tmp_path / "x")
    assert RL2.load(tmp_path / "x").batch_size == 8
    with pytest.raises(ValueError, match="batch_size=256 does not divide"):
        RL2("GruPolicy", "meta/BernoulliBandit-v0", n_envs=8, batch_size=256)


def test_a_resumed_agent_saves_the_same_bytes(tmp_path):
    make().learn(600).save(tmp_path / "whole.zip")
    half = make()
    half.learn(600, callback=At(40, lambda model: model.save(tmp_path / "half")))
    again = RL2.load(tmp_path / "half.zip")
    again.learn(600 - again.num_timesteps, reset_num_timesteps=False)
    again.save(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "whole.zip").read_bytes()
