"""Models of Stable-Baselines3 that were trained with VecNormalize."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from agents import AdaptationCurve, SB3VecEnv, evaluate
from agents.baselines import StableBaselines
from tests.agents import toys  # noqa: F401  registers toy/...
from tests.agents.baselines.sims import fake_venv
from tests.agents.baselines.test_stable_baselines import VECTOR, Still, draws, sharpen, small


def test_vec_normalize_is_applied() -> None:
    env = VecNormalize(DummyVecEnv([lambda: Still(VECTOR, spaces.Discrete(3))]))
    model = sharpen(small(PPO, env))
    env.obs_rms.mean, env.obs_rms.var = np.array([0.4, -0.9, 0.2]), np.array([0.01, 0.5, 2])
    loop = StableBaselines(model).inner_loop(fake_venv(50, 3, VECTOR), seed=0)
    seen = draws(VECTOR, 50)
    played = loop.act(seen, deterministic=True)
    normal = model.predict(env.normalize_obs(seen), deterministic=True)[0]
    np.testing.assert_array_equal(played, normal)
    assert (normal != model.predict(seen, deterministic=True)[0]).any()


def normalised(space: spaces.Space = VECTOR) -> Any:
    env = VecNormalize(DummyVecEnv([lambda: Still(space, spaces.Discrete(3))]))
    env.obs_rms.mean, env.obs_rms.var = np.array([0.4, -0.9, 0.2]), np.array([0.01, 0.5, 2])
    return env


def test_a_loaded_model_takes_its_statistics_or_says_that_it_has_none(tmp_path: Any) -> None:
    env = normalised()
    sharpen(small(PPO, env)).save(tmp_path / "ppo")
    loaded = PPO.load(tmp_path / "ppo", device="cpu")
    seen = draws(VECTOR, 50)

    def played(baseline: Any) -> np.ndarray:
        return baseline.inner_loop(fake_venv(50, 3, VECTOR), seed=0).act(seen, deterministic=True)

    with pytest.warns(UserWarning, match="loaded without its environment.*vec_normalize=False"):
        plain = played(StableBaselines(loaded))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = StableBaselines(loaded, vec_normalize=env)
        untold = StableBaselines(loaded, vec_normalize=False)
    np.testing.assert_array_equal(played(untold), plain)
    normal = loaded.predict(env.normalize_obs(seen), deterministic=True)[0]
    np.testing.assert_array_equal(played(told), normal)
    assert (normal != plain).any()
    assert (told.protocol, untold.protocol) == ({"vec_normalize": True}, {"vec_normalize": False})
    loaded._last_obs = np.array([[5.0, 0.0, 0.0]])  # outside of [-1, 1]: it was normalised
    with pytest.raises(ValueError, match=r"outside its space.*VecNormalize\.load"):
        StableBaselines(loaded)
    with pytest.raises(TypeError, match="is not a VecNormalize"):
        StableBaselines(loaded, vec_normalize="vec.pkl")


def test_the_protocol_of_an_evaluation_says_what_was_normalised() -> None:
    env = VecNormalize(SB3VecEnv(gym.make_vec("toy/Lengths-v0", num_envs=2)))
    model = small(PPO, env, n_steps=8, batch_size=8).learn(16)
    before = env.obs_rms.mean.copy()
    curve = evaluate(model, "toy/Lengths-v0", num_tasks=2)
    assert curve.protocol["vec_normalize"] is True and "vec_normalize=True" in repr(curve)
    np.testing.assert_array_equal(env.obs_rms.mean, before)
    other = evaluate(StableBaselines(model, vec_normalize=False), "toy/Lengths-v0", num_tasks=2)
    with pytest.raises(ValueError, match="vec_normalize differs"):
        AdaptationCurve.merge(curve, other)
