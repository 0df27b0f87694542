"""FrozenLake: Gymnasium's transitions, lakes that can be crossed, holes that are hidden."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import networkx
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.mazes.frozen_lake import can_be_crossed

_ID = "meta/FrozenLake-v0"
_MAP = ("SFFF", "FHFH", "FFFH", "HFFG")
_HOLES = np.array([[cell == "H" for cell in line] for line in _MAP], dtype=np.int64)


def transitions(slip: float, rows: int = 6_000) -> np.ndarray:
    """Estimate P [cell, action, next cell] by stepping each free cell of the map."""
    env: Any = gym.make_vec(_ID, num_envs=rows, size=4, slip=slip)
    env.set_tasks({"holes": np.repeat(_HOLES[None], rows, axis=0)})
    env.reset(seed=0)
    rng, found = np.random.default_rng(0), np.zeros((16, 4, 16))
    free = np.flatnonzero(_HOLES.ravel() == 0)[:-1]
    cells, actions = rng.choice(free, rows), rng.integers(4, size=rows)
    env.state["place"] = np.stack(np.divmod(cells, 4), axis=-1)
    seen, rewards, terminated, _, infos = env.step(actions)
    after = np.where(terminated, infos["final_obs"], seen)
    assert np.array_equal(rewards == 1.0, after == 15)
    assert np.array_equal(terminated, (_HOLES.ravel()[after] == 1) | (after == 15))
    np.add.at(found, (cells, actions, after), 1)
    return found


@pytest.mark.parametrize(("slip", "slippery"), [(0.0, False), (2 / 3, True)])
def test_moves_are_gymnasiums(slip: float, slippery: bool) -> None:
    theirs: Any = gym.make("FrozenLake-v1", desc=_MAP, is_slippery=slippery).unwrapped
    found = transitions(slip)
    for cell in np.flatnonzero(_HOLES.ravel() == 0)[:-1].tolist():
        for action in range(4):
            expected = np.zeros(16)
            for chance, after, reward, ended in theirs.P[cell][action]:
                expected[after] += chance
                assert (reward, ended) == (float(after == 15), _MAP[after // 4][after % 4] in "HG")
            counts = found[cell, action]
            error = np.sqrt(counts.sum() * expected * (1 - expected))
            assert (abs(counts - counts.sum() * expected) <= 4.5 * error).all()


def test_lakes_can_be_crossed_and_are_held_out() -> None:
    lakes = {}
    for split in ("train", "test"):
        drawn = gym.make_vec(_ID, num_envs=1, split=split).unwrapped.sample_tasks(150, seed=1)
        lakes[split] = {holes.tobytes() for holes in drawn["holes"]}
        for holes in drawn["holes"]:
            grid = networkx.grid_2d_graph(5, 5)
            grid.remove_nodes_from([tuple(cell) for cell in np.argwhere(holes).tolist()])
            assert networkx.has_path(grid, (0, 0), (4, 4))
    assert not lakes["train"] & lakes["test"] and len(lakes["train"]) > 140
    closed = np.zeros((5, 5), dtype=np.int64)
    closed[2] = 1
    assert not can_be_crossed(closed)


def test_lakes_that_cannot_be_are_refused() -> None:
    env: Any = gym.make(_ID).unwrapped
    holes = np.zeros((5, 5), dtype=np.int64)
    holes[0, 0] = 1
    with pytest.raises(ValueError, match="a hole at the start or the goal"):
        env.set_task({"holes": holes})
    with pytest.raises(ValueError, match="leaves no path"):
        env.set_task({"holes": 1 - np.eye(5, dtype=np.int64)})
    for wrong, said in (
        ({"p_hole": 0.5}, "p_hole=0.5"),
        ({"slip": -1}, "slip=-1"),
        ({"size": 1}, "size=1"),
    ):
        with pytest.raises(ValueError, match=said):
            gym.make(_ID, **wrong)


def test_the_picture_shows_the_holes() -> None:
    env: Any = gym.make(_ID, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(2)
    assert before.shape == (530, 480, 3) and (before != env.render()).any()
