"""Moving bandits, and key and door: what is paid, what is hidden, and what is best."""

from __future__ import annotations

from itertools import product
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_BANDITS, _DOORS = "meta/MovingBandits-v0", "meta/KeyDoor-v0"


def batch(id: str, num_envs: int, **kwargs: Any) -> Any:
    return gym.make_vec(id, num_envs=num_envs, **kwargs)


def experts(env: Any, seen: np.ndarray, told: dict[str, Any] | None = None) -> np.ndarray:
    tasks = env.tasks if told is None else told
    rows = range(len(seen))
    return np.array([env.expert(seen[i], {k: v[i] for k, v in tasks.items()}) for i in rows])


def returns(env: Any, steps: int, told: dict[str, Any] | None = None, seed: int = 0) -> np.ndarray:
    seen, _ = env.reset(seed=seed)
    total = np.zeros(env.num_envs)
    for _ in range(steps):
        seen, rewards, terminated, _, _ = env.step(experts(env, seen, told))
        total += rewards
    assert terminated.all()
    return total


def fewest_moves(away: np.ndarray) -> np.ndarray:
    """Return the fewest moves into circles that are `away` [R, 2], by trying all of them."""
    best = np.full(len(away), np.inf)
    for x, y in product(range(-12, 13), repeat=2):
        inside = ((np.array([x, y]) * 20.0 - away) ** 2).sum(axis=1) < 2500
        best = np.where(inside, np.minimum(best, abs(x) + abs(y)), best)
    return best


def test_no_way_is_shorter_than_the_experts_and_it_earns_what_the_card_says() -> None:
    env = batch(_BANDITS, 200)
    env.reset(seed=0)
    goals = env.state["centres"][np.arange(200), env.tasks["goal"]]
    best = 51 - np.maximum(fewest_moves(goals - 200.0), 1)
    assert np.array_equal(returns(env, 50), best)
    drawn = np.random.default_rng(0).uniform(0, 400, (20_000, 2))
    values = 51 - np.maximum(fewest_moves(drawn - 200.0), 1)
    assert values.mean() == pytest.approx(43.8, abs=0.05 + 3 * values.std() / np.sqrt(20_000))


def test_one_circle_always_is_worth_half_and_a_bit() -> None:
    env = batch(_BANDITS, 250)
    found = returns(env, 50, {"goal": np.zeros(250, int)})
    assert found.mean() == pytest.approx(23.1, abs=4 * found.std() / np.sqrt(250))


def test_random_moves_earn_little() -> None:
    env, rng, total = batch(_BANDITS, 1500), np.random.default_rng(0), np.zeros(1500)
    env.reset(seed=1)
    for _ in range(50):
        total += env.step(rng.integers(5, size=1500))[1]
    assert total.mean() == pytest.approx(2.5, abs=0.05 + 4 * total.std() / np.sqrt(1500))


def test_moves_and_rim() -> None:
    env = batch(_BANDITS, 5)
    env.set_tasks([{"goal": 1}] * 5)
    seen, _ = env.reset(seed=0)
    assert seen.shape == (5, 6) and (seen[:, :2] == 0.5).all()
    # 50 away is outside: the point at 200 + 20 of the second row is 50 from its circle
    env.state["centres"][:, 1] = [[200, 200], [270, 200], [131, 200], [200, 269], [200, 130]]
    env.state["centres"][:, 0] = 200.0
    seen, rewards, _, _, infos = env.step(np.arange(5))
    moved = [[0.5, 0.5], [0.55, 0.5], [0.45, 0.5], [0.5, 0.55], [0.5, 0.45]]
    np.testing.assert_allclose(seen[:, :2], moved, atol=1e-7)
    np.testing.assert_allclose(seen[1, 4:], [0.675, 0.5])
    assert rewards.tolist() == [1, 0, 1, 1, 0] and np.array_equal(infos["success"], rewards == 1)


def test_circles_move_with_each_episode_and_the_task_stays() -> None:
    env = batch(_BANDITS, 30, steps=2, episodes_per_trial=3)
    first, _ = env.reset(seed=0)
    task = env.tasks["goal"].copy()
    env.step(np.zeros(30, int))
    second, _, ended, _, infos = env.step(np.zeros(30, int))
    assert ended.all() and not infos["trial_start"].any()
    assert (env.tasks["goal"] == task).all() and (first[:, 2:] != second[:, 2:]).all()
    assert 0 < task.mean() < 1


def test_doors_pay_with_the_key_only() -> None:
    env = batch(_DOORS, 2)
    env.set_tasks([{"door": 0}, {"door": 1}])
    env.reset(seed=0)
    env.state["centres"][:] = np.array([[260, 200], [260, 200], [120, 200]])
    seen, rewards, *_ = env.step(np.array([1, 1]))  # 40 from both doors, without the key
    assert seen.shape == (2, 9) and rewards.tolist() == [0, 0] and (seen[:, 8] == 0).all()
    for action, flag, paid in ((2, 0, 0), (2, 0, 0), (2, 1, 0), (1, 1, 0), (1, 1, 0), (1, 1, 1)):
        seen, rewards, *_ = env.step(np.array([action, action]))
        assert (seen[:, 8] == flag).all() and rewards.tolist() == [paid, paid]
    env.state["centres"][:, 1] = 0.0
    assert env.step(np.array([0, 0]))[1].tolist() == [1, 0]  # the right door alone


def test_the_key_is_gone_with_the_episode_and_the_expert_earns_what_the_card_says() -> None:
    env = batch(_DOORS, 80)
    found = returns(env, 100)
    assert found.mean() == pytest.approx(84, abs=0.5 + 4 * found.std() / np.sqrt(80))
    assert not env.state["has_key"].any()


@pytest.mark.parametrize("id", [_BANDITS, _DOORS])
def test_pictures_show_the_step_and_change_nothing(id: str) -> None:
    drawn, plain = (batch(id, 2, render_mode=mode) for mode in ("rgb_array", None))
    for env in (drawn, plain):
        env.reset(seed=1)
    before = drawn.render()[0]
    for action in (1, 1, 3, 4):
        parts = [env.step(np.array([action, 2])) for env in (drawn, plain)]
        assert all(np.array_equal(a, b) for a, b in zip(parts[0][:4], parts[1][:4], strict=True))
        after = drawn.render()[0]
        assert after.shape == before.shape and not np.array_equal(before, after)
        before = after


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="steps=0"):
        batch(_BANDITS, 1, steps=0)
    env = batch(_BANDITS, 1)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="goal"):
        env.set_tasks([{"goal": 2}])
    state = env.get_state()
    state["state.position"][:] = 1e5
    with pytest.raises(ValueError, match=r"state\.position"):
        env.set_state(state)
