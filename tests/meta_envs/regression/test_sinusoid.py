"""Sinusoid: pairs, questions and errors, by hand."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/Sinusoid-v0"
_TASK = {"amplitude": 2.0, "phase": np.pi / 2}  # y = -2 cos x


def batch(num_envs=1, **kwargs) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def test_pairs_are_shown_and_then_values_asked_for():
    env: Any = gym.make(_ID, shots=3, queries=2)
    observation, _ = env.reset(seed=0, options={"task": _TASK})
    for step in range(5):
        x, y, shown = observation.astype(float)
        right = -2.0 * np.cos(x)
        assert shown == (step < 3)
        assert y == pytest.approx(right if step < 3 else 0.0, abs=1e-6)
        observation, reward, terminated, truncated, info = env.step([(right + 0.5) / 5])
        assert info["squared_error"] == pytest.approx(0.25, abs=1e-5)
        assert reward == pytest.approx(0.0 if step < 3 else -0.25, abs=1e-5)
        assert bool(info["query"]) == (step >= 3)
        assert (terminated, truncated) == (step == 4, False)
    assert observation.tolist() == [0, 0, 0]


def test_answers_are_clipped_and_the_clipped_one_is_judged():
    env: Any = gym.make(_ID, shots=1, queries=1)
    env.reset(seed=0, options={"task": _TASK})
    *_, info = env.step([99.0])
    right = env.unwrapped.state["y"][0, 0]
    assert info["squared_error"] == pytest.approx((5 - right) ** 2)


def test_answering_zero_has_the_error_of_the_docstring():
    """E[A^2] / 2 with A uniform in [0.1, 5]; the phase averages sin^2 over a whole period of it."""
    exact = (5.0**3 - 0.1**3) / (3 * 4.9) / 2
    assert exact == pytest.approx(4.2517, abs=1e-4)
    n = 4000
    env = batch(n, split="all")
    env.reset(seed=0)
    returns = np.zeros(n)
    for _ in range(20):
        *_, infos = step = env.step(np.zeros((n, 1), np.float32))
        returns += step[1]
        last = infos
    assert last["_final_obs"].all()
    errors = -returns / 10
    assert errors.mean() == pytest.approx(exact, abs=4.5 * errors.std() / np.sqrt(n))


def test_the_expert_makes_no_errors():
    env: Any = gym.make(_ID)
    observation, info = env.reset(seed=2)
    total, terminated = 0.0, False
    while not terminated:
        action = env.unwrapped.expert(observation, info["task"])
        observation, reward, terminated, *_ = env.step(action)
        total += reward
    assert -1e-9 < total <= 0


def test_tasks_are_uniform_and_splits_alternate_in_phase():
    tasks = batch(split="all").sample_tasks(4000, seed=0)
    for key, low, high in (("amplitude", 0.1, 5.0), ("phase", 0.0, np.pi)):
        values, width = tasks[key], high - low
        assert low <= values.min() < low + 0.01 * width
        assert high - 0.01 * width < values.max() <= high
        assert values.mean() == pytest.approx(
            (low + high) / 2, abs=4.5 * width / np.sqrt(12 * 4000)
        )
    for split, parity in (("train", 0), ("test", 1)):
        phases = batch(split=split).sample_tasks(200, seed=0)["phase"]
        assert (np.floor(phases / np.pi * 1024) % 2 == parity).all()


def test_draw_batch_gives_pairs_of_each_task():
    env = batch()
    tasks = {"amplitude": np.array([1.0, 3.0]), "phase": np.array([0.0, np.pi / 2])}
    x, y = env.draw_batch(np.random.default_rng(0), tasks, 500)
    assert x.shape == y.shape == (2, 500, 1)
    assert np.allclose(y[0], np.sin(x[0]))
    assert np.allclose(y[1], -3 * np.cos(x[1]))
    assert -5 <= x.min() < -4.9
    assert 4.9 < x.max() <= 5
    assert x.mean() == pytest.approx(0, abs=4.5 * 10 / np.sqrt(12 * 1000))
    again, _ = env.draw_batch(np.random.default_rng(0), tasks, 500)
    assert np.array_equal(x, again)
    assert not np.array_equal(x[0], x[1])


def test_draw_batch_takes_what_sample_tasks_gives_and_plays_nothing():
    env, other = batch(2), batch(2)
    for one in (env, other):
        one.reset(seed=4)
    env.draw_batch(np.random.default_rng(0), env.sample_tasks(25, seed=1), 20)
    for _ in range(25):
        seen = [one.step(np.ones((2, 1), np.float32)) for one in (env, other)]
        assert np.array_equal(seen[0][0], seen[1][0])
        assert np.array_equal(seen[0][1], seen[1][1])


@pytest.mark.parametrize("wrong", [{"shots": 0}, {"queries": 1.5}])
def test_bad_arguments_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        gym.make(_ID, **wrong)
    with pytest.raises(ValueError, match="n=0"):
        batch().draw_batch(np.random.default_rng(0), batch().sample_tasks(1), 0)


def test_the_picture_shows_every_step_and_drawing_changes_nothing():
    kwargs = {"shots": 3, "queries": 3}
    drawn, plain = batch(2, render_mode="rgb_array", **kwargs), batch(2, **kwargs)
    for one in (drawn, plain):
        one.reset(seed=1)
    before = drawn.render()[0]
    for _ in range(8):
        seen = [one.step(np.full((2, 1), 0.3, np.float32)) for one in (drawn, plain)]
        assert np.array_equal(seen[0][0], seen[1][0])
        assert np.array_equal(seen[0][1], seen[1][1])
        after = drawn.render()[0]
        assert after.dtype == np.uint8
        assert after.shape == before.shape
        assert not np.array_equal(after, before)
        before = after
