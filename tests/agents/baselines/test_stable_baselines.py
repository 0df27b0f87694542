"""Stable-Baselines3 and sb3-contrib models as inner loops, against their own `predict`."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.wrappers import NormalizeObservation, StickyAction
from sb3_contrib import RecurrentPPO
from scipy import stats
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack

from agents import SB3VecEnv, Step, evaluate
from agents.baselines import UCB1, StableBaselines
from meta_envs.wrappers import VectorOracleObservation
from meta_envs.wrappers.trial import TrialObservation
from tests.agents import toys  # noqa: F401  registers toy/...
from tests.agents.baselines.sims import fake_venv, within

torch.set_num_threads(1)
VECTOR = spaces.Box(-1, 1, (3,), np.float32)
CELLS = spaces.Discrete(4)


class Still(gym.Env):
    """Spaces and nothing else: the models here are untrained."""

    def __init__(self, observations: spaces.Space, actions: spaces.Space):
        self.observation_space, self.action_space = observations, actions

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple:
        return self.observation_space.sample(), 0.0, False, False, {}


def small(algorithm: Any, env: Any, **arguments: Any) -> Any:
    """Make an untrained model of a few units; SB3 writes into `policy_kwargs`, so they are new."""
    recurrent = algorithm is RecurrentPPO
    kwargs = {"net_arch": [8], **({"lstm_hidden_size": 6} if recurrent else {})}
    policy = "MlpLstmPolicy" if recurrent else "MlpPolicy"
    return algorithm(policy, env, policy_kwargs=kwargs, device="cpu", seed=0, **arguments)


def draws(space: spaces.Space, n: int, seed: int = 0) -> np.ndarray:
    space.seed(seed)
    return np.stack([space.sample() for _ in range(n)])


def sharpen(model: Any) -> Any:
    """Make the near-uniform first policy of a model depend on what it sees."""
    with torch.no_grad():
        model.policy.action_net.weight.mul_(100)
    return model


def observe(loop: Any, action: Any, reward: Any, ended: Any, rows: Any = None) -> None:
    ended = np.asarray(ended, dtype=bool)
    loop.observe(Step(None, action, np.asarray(reward, float), ended, ended & False, None), rows)


@pytest.mark.parametrize("observations", [VECTOR, CELLS], ids=str)
def test_ppo_plays_as_its_policy(observations: spaces.Space) -> None:
    model = sharpen(small(PPO, Still(observations, spaces.Discrete(3))))
    rows = 6000
    loop = StableBaselines(model).inner_loop(fake_venv(rows, 3, observations), seed=0)
    seen = np.repeat(draws(observations, 1), rows, axis=0)
    global_state = torch.get_rng_state()
    actions = loop.act(seen)
    assert torch.equal(torch.get_rng_state(), global_state)  # no global randomness
    chances = model.policy.get_distribution(model.policy.obs_to_tensor(seen[:1])[0])
    chances = chances.distribution.probs[0].detach().numpy()
    expected = chances.astype(float) / chances.sum(dtype=float) * rows
    assert stats.chisquare(np.bincount(actions, minlength=3), expected).pvalue > 0.01
    different = draws(observations, rows)
    np.testing.assert_array_equal(
        loop.act(different, deterministic=True), model.predict(different, deterministic=True)[0]
    )


def test_rows_draw_alone() -> None:
    model = small(PPO, Still(VECTOR, spaces.Discrete(3)))
    three, seven = (
        StableBaselines(model).inner_loop(fake_venv(n, 3, VECTOR), seed=4) for n in (3, 7)
    )
    seen = np.random.default_rng(0).uniform(-1, 1, (20, 7, 3)).astype(np.float32)
    for batch in seen:
        some = np.array([2, 0])
        np.testing.assert_array_equal(three.act(batch[some], some), seven.act(batch)[some])


@pytest.mark.parametrize("use_sde", [False, True])
def test_continuous_actions(use_sde: bool) -> None:
    actions = spaces.Box(-0.5, 9.0, (2,), np.float32)
    model = small(PPO, Still(VECTOR, actions), use_sde=use_sde)
    with torch.no_grad():
        model.policy.action_net.bias[:] = torch.tensor([0.0, 5.0])
    rows = 5000
    loop = StableBaselines(model).inner_loop(fake_venv(rows, actions, VECTOR), seed=0)
    seen = np.repeat(draws(VECTOR, 1), rows, axis=0)
    inner = model.policy.get_distribution(model.policy.obs_to_tensor(seen[:1])[0]).distribution
    mean, scale = inner.mean[0].detach().numpy(), inner.stddev[0].detach().numpy()
    played = loop.act(seen)
    assert played.dtype == np.float32 and played.min() == np.float32(-0.5)  # clipped
    assert within(played[:, 1], mean[1])  # 4 deviations from the bounds
    assert within((played[:, 1] - mean[1]) ** 2, scale[1] ** 2)
    modes = model.predict(seen, deterministic=True)[0]
    np.testing.assert_allclose(loop.act(seen, deterministic=True), modes)


@pytest.mark.parametrize("kind", [spaces.MultiDiscrete([2, 4]), spaces.MultiBinary(3)], ids=str)
def test_several_discrete_actions(kind: spaces.Space) -> None:
    model = sharpen(small(PPO, Still(VECTOR, kind)))
    rows = 4000
    loop = StableBaselines(model).inner_loop(fake_venv(rows, kind, VECTOR), seed=0)
    seen = np.repeat(draws(VECTOR, 1), rows, axis=0)
    played = loop.act(seen)
    assert played.shape == (rows, *kind.shape)
    inner = model.policy.get_distribution(model.policy.obs_to_tensor(seen[:1])[0]).distribution
    for i, column in enumerate(played.T):
        one = inner[i].probs[0, 1] if isinstance(inner, list) else inner.probs[0, i]
        assert within((column == 1).astype(float), one.item())


@pytest.mark.parametrize("algorithm", [DQN, SAC])
def test_off_policy_models_play_without_exploration(algorithm: Any) -> None:
    actions = spaces.Discrete(3) if algorithm is DQN else spaces.Box(-2, 1, (2,), np.float32)
    model = small(algorithm, Still(VECTOR, actions), buffer_size=10)
    loop = StableBaselines(model).inner_loop(fake_venv(8, actions, VECTOR), seed=0)
    seen = draws(VECTOR, 8)
    np.testing.assert_array_equal(loop.act(seen), model.predict(seen, deterministic=True)[0])


def test_recurrent_model_sees_the_trial() -> None:
    """The state lasts over ends of episodes, until `reset`; rows may come in parts."""
    trial = TrialObservation(CELLS, spaces.Discrete(3))
    assert trial.space.shape == (4 + 3 + 2,)
    model = sharpen(small(RecurrentPPO, Still(trial.space, spaces.Discrete(3))))
    loop = StableBaselines(model).inner_loop(fake_venv(2, 3, CELLS), seed=0)
    rng, state, played = np.random.default_rng(0), None, []
    previous = np.zeros((2, 3 + 2), dtype=np.float32)  # one-hot action, reward, episode start
    previous[:, -1] = 1
    for step in range(30):
        trial_start = step % 12 == 0
        if trial_start:
            loop.reset()
            previous[:] = [0, 0, 0, 0, 1]
        cell = rng.integers(4, size=2)
        seen = np.concatenate([np.eye(4, dtype=np.float32)[cell], previous], axis=1)
        expected, state = model.predict(seen, state, np.full(2, trial_start), deterministic=True)
        parts = [np.array([1]), np.array([0])] if step % 3 == 0 else [None]
        reward, ended = rng.normal(size=2), np.full(2, step % 4 == 3)
        for rows in parts:
            of = slice(None) if rows is None else rows
            action = loop.act(cell[of], rows, deterministic=True)
            np.testing.assert_array_equal(action, expected[of])
            observe(loop, action, reward[of], ended[of], rows)
        previous = np.concatenate(
            [np.eye(3, dtype=np.float32)[expected], reward[:, None], ended[:, None]], axis=1
        ).astype(np.float32)
        played.append(expected)
    assert len(np.unique(played)) > 1


def test_recurrent_model_of_raw_observations_forgets_with_the_episode() -> None:
    model = sharpen(small(RecurrentPPO, Still(VECTOR, spaces.Discrete(3))))
    loop = StableBaselines(model).inner_loop(fake_venv(1, 3, VECTOR), seed=0)
    state, start = None, np.ones(1, dtype=bool)
    for step in range(20):
        seen = draws(VECTOR, 1, seed=step)
        expected, state = model.predict(seen, state, start, deterministic=True)
        action = loop.act(seen, deterministic=True)
        assert action == expected
        start = np.array([step % 5 == 4])
        observe(loop, action, [0.0], start)
        np.testing.assert_allclose(loop.memory["hidden"][0, :, None], state[0][0][:, None])


def test_frozen_episodes_begin_with_the_memory_at_freeze() -> None:
    trial = TrialObservation(CELLS, spaces.Discrete(3))
    model = small(RecurrentPPO, Still(trial.space, spaces.Discrete(3)))
    loop = StableBaselines(model).inner_loop(fake_venv(2, 3, CELLS), seed=0)
    observe(loop, loop.act(np.array([1, 2])), [0.3, -0.2], [True, True])
    loop.freeze()
    kept = {name: values.copy() for name, values in loop.memory.items()}
    for ended in (False, True):
        observe(loop, loop.act(np.array([3, 0])), [1.0, 1.0], [ended, False])
    for name, values in loop.memory.items():
        np.testing.assert_array_equal(values[0], kept[name][0])
    assert (loop.memory["hidden"][1] != kept["hidden"][1]).any()
    loop.reset(np.array([0]))
    assert loop.memory["forget"].tolist() == [True, False]
    for _ in range(2):
        observe(loop, loop.act(np.array([3, 0])), [1.0, 1.0], [True, True])
    assert loop.memory["reward"][0] == 1.0  # no more frozen
    assert loop.memory["reward"][1] == -0.2


@pytest.mark.parametrize(
    ("wrap", "name"),
    [
        (lambda: VecFrameStack(DummyVecEnv([still]), 2), "VecFrameStack"),
        (lambda: DummyVecEnv([lambda: NormalizeObservation(still())]), "NormalizeObservation"),
        (lambda: DummyVecEnv([lambda: StickyAction(still(), 0.5)]), "StickyAction"),
    ],
)
def test_what_else_the_model_sees_or_acts_through_is_refused_by_name(wrap: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"sees and acts through .*{name}"):
        StableBaselines(small(PPO, wrap()))


def still() -> Still:
    return Still(VECTOR, spaces.Discrete(3))


@pytest.mark.parametrize("with_env", [True, False])
def test_models_of_pictures_see_their_channels_in_order(with_env: bool, tmp_path: Any) -> None:
    pictures = spaces.Box(0, 255, (40, 36, 3), np.uint8)
    model = PPO("CnnPolicy", Still(pictures, spaces.Discrete(3)), device="cpu", seed=0, n_steps=8,
                batch_size=8)  # fmt: skip
    assert model.observation_space.shape == (3, 40, 36)
    sharpen(model)
    if not with_env:
        model.save(tmp_path / "ppo")
        model = PPO.load(tmp_path / "ppo", device="cpu")
    seen = draws(pictures, 5)
    loop = StableBaselines(model).inner_loop(fake_venv(5, 3, pictures), seed=0)
    right = model.predict(seen.transpose(0, 3, 1, 2), deterministic=True)[0]
    np.testing.assert_array_equal(loop.act(seen, deterministic=True), right)


def test_a_parameter_that_a_baseline_does_not_take_is_named_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"'vec_normalise'. Did you mean 'vec_normalize'\?"):
        StableBaselines(None, vec_normalise=None)
    with pytest.raises(TypeError, match=r"UCB1\(\) got an unexpected .* 'cc'"):
        UCB1(cc=1)


def test_bad_models() -> None:
    with pytest.raises(TypeError, match=r"PPO\.load"):
        StableBaselines("ppo.zip")
    model = StableBaselines(small(PPO, Still(VECTOR, spaces.Discrete(3))))
    with pytest.raises(ValueError, match=r"acts in Discrete\(3\).*Discrete\(2\)"):
        model.inner_loop(fake_venv(2, 2, VECTOR))
    with pytest.raises(ValueError, match="TrialWrapper"):
        model.inner_loop(fake_venv(2, 3, CELLS))


@pytest.mark.parametrize("env_id", ["meta/GridNavi-v0", "meta/BernoulliBandit-v0"])
def test_a_model_of_oracle_observations_is_told_the_task(env_id: str) -> None:
    told = VectorOracleObservation(gym.make_vec(env_id, num_envs=4))
    model = PPO("MlpPolicy", SB3VecEnv(told), n_steps=4, batch_size=4, seed=0, device="cpu")
    raw = gym.make_vec(env_id, num_envs=4)
    loop = StableBaselines(model).inner_loop(raw, seed=1)
    assert loop.reads_task
    shown, _ = told.reset(seed=3)
    seen, _ = raw.reset(seed=3)
    np.testing.assert_array_equal(
        loop.act(seen, deterministic=True), model.predict(shown, deterministic=True)[0]
    )
    curve = evaluate(model, env_id, num_tasks=3, num_envs=3)
    assert np.isfinite(curve.returns).all()
    untold = PPO("MlpPolicy", SB3VecEnv(raw), n_steps=4, batch_size=4, seed=0, device="cpu")
    assert not getattr(StableBaselines(untold).inner_loop(raw), "reads_task", False)
