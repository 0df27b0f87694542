"""FeatureReach: what is seen, what is hidden, and what counts as reaching."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/FeatureReach-v0"


def batch(num_envs: int, **kwargs: Any) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def play(env: Any, told: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return what rows earn by the expert, and where they succeed, in one episode."""
    seen, _ = env.reset(seed=0)
    told = env.tasks if told is None else told
    earned, success = np.zeros(env.num_envs), np.zeros(env.num_envs, bool)
    for _ in range(env.unwrapped.steps):
        rows = range(env.num_envs)
        actions = [env.expert(seen[i], {k: v[i] for k, v in told.items()}) for i in rows]
        seen, rewards, ended, _, infos = env.step(np.stack(actions))
        earned += rewards
        success |= infos["success"]
    assert ended.all()
    return earned, success


@pytest.mark.parametrize("targets", [2, 4])
def test_who_knows_the_colour_succeeds_and_who_does_not_in_one_of_n(targets: int) -> None:
    env = batch(100, targets=targets, split="test")
    earned, success = play(env)
    assert success.all() and (earned > -20).all()
    told = {**env.tasks, "target": np.zeros(100, int)}
    chance = play(env, told)[1].mean()
    assert chance == pytest.approx(1 / targets, abs=4.5 * np.sqrt(0.25 / 100))


def test_targets_are_seen_from_the_point_in_an_order_that_tells_nothing() -> None:
    env = batch(300)
    task: dict[str, Any] = {"colours": np.array([[0.1, 0.2, 0.3], [0.15, 0.9, 0.8]]), "target": 1}
    env.set_tasks([task] * 300)
    seen, _ = env.reset(seed=0)
    assert seen.shape == (300, 12) and (seen[:, :2] == 0).all()
    shown = seen[:, 2:].reshape(300, 2, 5)
    first = np.isclose(shown[:, 0, 2], 0.1)
    assert first.mean() == pytest.approx(0.5, abs=4.5 * np.sqrt(0.25 / 300))
    rows = np.arange(300)
    np.testing.assert_allclose(
        shown[rows, first.astype(int), 2:], np.tile(task["colours"][1], (300, 1)), atol=1e-6
    )
    meant = shown[rows, first.astype(int), :2]
    np.testing.assert_allclose(meant, env.state["places"][:, 1], atol=1e-6)
    sorted_, _ = batch(300, shuffled=False).reset(seed=0)
    assert (sorted_[:, 4] < sorted_[:, 9]).all()
    moved, rewards, *_ = env.step(np.tile([1.0, -0.5], (300, 1)))
    np.testing.assert_allclose(moved[:, :2], np.tile([0.1, -0.05], (300, 1)), atol=1e-6)
    after = moved[:, 2:].reshape(300, 2, 5)
    np.testing.assert_allclose(after[..., :2], shown[..., :2] - [0.1, -0.05], atol=1e-6)
    np.testing.assert_array_equal(after[..., 2:], shown[..., 2:])
    np.testing.assert_allclose(rewards, -np.hypot(*(meant - [0.1, -0.05]).T), atol=1e-6)


def test_reaching_counts_in_the_last_ten_steps_alone() -> None:
    env = batch(1, steps=12)
    env.reset(seed=0)
    env.state["places"][:] = env.goals[:] = 0.0
    found = [bool(env.step(np.zeros((1, 2)))[4]["success"][0]) for _ in range(11)]
    assert found == [False, False] + [True] * 9


def test_colours_of_a_task_are_of_one_split_and_differ() -> None:
    for split, side in (("train", 0), ("test", 1)):
        drawn = batch(1, split=split, targets=3).unwrapped.sample_tasks(50, seed=0)
        assert (np.floor(drawn["colours"][..., 0] * 8) % 2 == side).all()
    env: Any = gym.make(_ID).unwrapped
    with pytest.raises(ValueError, match="a colour twice"):
        env.set_task({"colours": np.full((2, 3), 0.2), "target": 0})
    for wrong, said in (({"targets": 1}, "targets=1"), ({"steps": 9}, "steps=9")):
        with pytest.raises(ValueError, match=said):
            batch(1, **wrong)


def test_a_state_goes_on_where_it_was() -> None:
    env, other = batch(3), batch(3)
    env.reset(seed=0)
    env.step(np.ones((3, 2)))
    other.reset(seed=5)
    other.set_state(env.get_state())
    for _ in range(3):
        one, two = env.step(np.full((3, 2), 0.3)), other.step(np.full((3, 2), 0.3))
        assert all(np.array_equal(a, b) for a, b in zip(one[:4], two[:4], strict=True))
