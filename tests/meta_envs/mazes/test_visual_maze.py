"""Mazes in the first person: strides, walls, what pays, and what is seen."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

ID = "meta/VisualMaze-v0"
LEFT, RIGHT, FORWARD, BACK = range(4)


def corridor(size: int = 5) -> dict[str, Any]:
    """A corridor along the first row of cells, with the goal at its end."""
    walls = np.ones((size + 2, size + 2), dtype=np.int64)
    walls[1, 1:-1] = 0
    return {"walls": walls, "start": np.array([1, 1]), "goal": np.array([1, size])}


def test_it_walks_to_the_goal() -> None:
    env = gym.make(ID)
    first, _ = env.reset(seed=0, options={"task": corridor()})
    assert first.shape == (48, 64, 3)
    state = env.unwrapped
    rewards = []
    for _ in range(9):  # 3.6 of 4 cells: within half a cell
        _, reward, over, cut, info = env.step(FORWARD)
        rewards.append(reward)
    assert over and not cut and info["success"]
    assert rewards == pytest.approx([-0.04] * 8 + [0.96])
    assert state.get_state()["state.place"][0].tolist() == pytest.approx([1.5 + 3.6, 1.5])


def test_walls_stop_it_and_cost_a_little() -> None:
    env = gym.make(ID)
    env.reset(seed=0, options={"task": corridor()})
    _, reward, *_ = env.step(BACK)
    assert reward == pytest.approx(-0.041)
    for _ in range(3):
        _, reward, *_ = env.step(RIGHT)
        assert reward == pytest.approx(-0.04)
    before = env.unwrapped.get_state()["state.place"].copy()
    frame, reward, *_ = env.step(FORWARD)
    assert reward == pytest.approx(-0.041)
    assert np.array_equal(env.unwrapped.get_state()["state.place"], before)
    assert len(np.unique(frame[20:28].reshape(-1, 3), axis=0)) <= 2  # a wall fills the middle


def test_horizons_are_the_papers_and_the_goal_is_blue() -> None:
    for size, steps in ((5, 250), (9, 500)):
        env = gym.make(ID, size=size)
        assert env.unwrapped.steps == steps
        frame, _ = env.reset(seed=0, options={"task": corridor(size)})
        assert (frame == (20, 60, 230)).all(axis=2).any()
    env = gym.make(ID, steps=2)
    env.reset(seed=0, options={"task": corridor()})
    assert not env.step(LEFT)[2] and env.step(LEFT)[2]
    with pytest.raises(ValueError, match="must be odd"):
        gym.make(ID, size=4)


def test_layouts_are_held_out() -> None:
    seen = {}
    for split in ("train", "test"):
        tasks = gym.make_vec(ID, num_envs=1, split=split).unwrapped.sample_tasks(60, seed=1)
        seen[split] = {one.tobytes() for one in tasks["walls"]}
    assert not seen["train"] & seen["test"] and len(seen["train"]) > 10


def test_a_picture_shows_frame_and_plan() -> None:
    env = gym.make(ID, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(FORWARD)
    picture: Any = env.render()
    assert picture.shape[1] > 800 and picture.dtype == np.uint8


def test_states_outside_the_maze_are_refused() -> None:
    venv: Any = gym.make_vec(ID, num_envs=2)
    venv.reset(seed=0, options={"task": corridor()})
    good = venv.unwrapped.get_state()
    for key, value in (("state.place", 2.5), ("state.place", 9.0), ("state.heading", 72)):
        bad = {**good, key: np.full_like(good[key], value)}
        with pytest.raises(ValueError, match=key):
            venv.unwrapped.set_state(bad)
