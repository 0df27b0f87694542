"""Blocks are pushed by the hand only, and the right one is paid for, as in MAESN."""

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

ID = "meta/BlockPushing-v0"
LAYOUT = np.array([[0.5, -0.4], [0.4, -0.2], [0.5, 0.0], [0.45, 0.2], [0.6, 0.4]])


def push(block=2, goal=(0.9, 0.05), steps=99, layout=LAYOUT, **kwargs):
    """Push straight ahead; return observations and rewards [T, ...]."""
    env = gym.make(ID, split="all", **kwargs)
    task = {"block": block, "goal": np.array(goal), "layout": layout}
    first, _ = env.reset(seed=0, options={"task": task})
    seen = [env.step(np.array([0.35, 0, 0], dtype=np.float32))[:2] for _ in range(steps)]
    return np.array([first, *(one for one, _ in seen)]), np.array([reward for _, reward in seen])


def test_sizes():
    env = gym.make(ID).unwrapped
    assert env.observation_space.shape == (26,) and env.action_space.shape == (3,)
    assert (env.model.nq, env.model.nv) == (13, 13)
    assert env.dt == pytest.approx(0.01)
    assert gym.spec(ID).max_episode_steps == 100


def test_episodes_begin_with_the_layout_at_rest():
    seen, _ = push(steps=1)
    np.testing.assert_array_equal(seen[0], [0, 0, 0, *LAYOUT.ravel(), *np.zeros(13)])


def test_the_hand_pushes_the_block_before_it_and_no_other():
    seen, _ = push()
    blocks = seen[:, 3:13].reshape(-1, 5, 2)
    # between the fingers, 0.1 m to each side: the palm, 0.02 m thick, meets the block's 0.03 m
    assert blocks[-1, 2, 0] > 0.6
    hand = seen[-1, 0]
    assert hand + 0.04 < blocks[-1, 2, 0] and abs(blocks[-1, 2, 1]) < 1e-3
    for other in (0, 1, 3, 4):
        np.testing.assert_allclose(blocks[:, other], np.tile(LAYOUT[other], (100, 1)), atol=1e-12)


@pytest.mark.parametrize("block", [0, 2])
def test_dense_and_sparse_rewards(block):
    seen, dense = push(block)
    at = seen[1:, 3 + 2 * block : 5 + 2 * block]
    away = np.hypot(at[:, 0] - 0.9, at[:, 1] - 0.05)
    np.testing.assert_allclose(dense, -5 * away, atol=1e-12)
    _, sparse = push(block, sparse_radius=0.2)
    far = away > 0.2
    if block == 2:
        assert 0 < far.mean() < 1  # both happen
    expected = np.where(far, -5 * np.hypot(0.9, 0.05), -5 * away)
    np.testing.assert_allclose(sparse, expected, atol=1e-12)


def test_the_first_observation_hides_block_and_goal():
    one, _ = push(block=0, goal=(0.8, 0.1), steps=1)
    other, _ = push(block=4, goal=(0.9, -0.3), steps=1)
    np.testing.assert_array_equal(one, other)


def test_tasks_are_drawn_as_in_the_source():
    tasks = gym.make_vec(ID, num_envs=1, split="all").unwrapped.sample_tasks(3000, seed=0)
    every = np.arange(3000)
    np.testing.assert_array_less(0.35, tasks["layout"][..., 0])
    np.testing.assert_array_less(tasks["layout"][..., 0], 0.65)
    strips = np.floor((tasks["layout"][..., 1] + 0.5) / 0.2).astype(int)
    np.testing.assert_array_equal(np.sort(strips, axis=1), np.tile(np.arange(5), (3000, 1)))
    goal = tasks["goal"]
    assert goal[:, 0].min() > 0.75 and goal[:, 0].max() < 0.95
    goal_strip = np.floor((goal[:, 1] + 0.5) / 0.2).astype(int)
    np.testing.assert_array_equal(goal_strip, strips[every, tasks["block"]])
    shares = np.bincount(tasks["block"], minlength=5) / 3000
    assert np.abs(shares - 0.2).max() < 4 * np.sqrt(0.2 * 0.8 / 3000)
    with pytest.raises(ValueError, match="holds one block"):
        push(layout=np.array([[0.5, -0.4]] * 5))


def test_rows_of_other_blocks_are_paid_for_theirs():
    venv = gym.make_vec(ID, num_envs=5, split="all").unwrapped
    task = {"goal": np.array([0.9, 0.05]), "layout": LAYOUT}
    venv.reset(seed=0, options={"tasks": [{**task, "block": row} for row in range(5)]})
    _, rewards, *_ = venv.step(np.zeros((5, 3), dtype=np.float32))
    np.testing.assert_allclose(rewards, -5 * np.hypot(*(LAYOUT - task["goal"]).T), atol=1e-12)
