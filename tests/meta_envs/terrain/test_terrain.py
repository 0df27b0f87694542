"""Terrain: genes, the ground that they make, lidar, reward and ends."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("mujoco")

from meta_envs.terrain import genes  # noqa: E402
from meta_envs.terrain.profile import NODES, RANGE, SPACING, STEP, lidar, profile  # noqa: E402

FLAT = {
    "ground_roughness": 0.0,
    "pit_gap": [0.0, 0.0],
    "stump_height": [0.0, 0.0],
    "stair_height": [0.0, 0.0],
    "stair_steps": 1,
    "terrain_seed": 4,
}
RNG = np.random.default_rng


def made(num_envs=2, task=FLAT, **more):
    venv = gym.make_vec("meta/Terrain-v0", num_envs=num_envs, **more)
    venv.reset(seed=0, options={"task": task})
    return venv


def test_the_ground_has_what_the_genes_say():
    assert not profile(FLAT).any()
    pits = profile({**FLAT, "pit_gap": [2.0, 2.0]})
    assert set(np.round(pits, 9)) == {0.0, round(-4 * STEP, 9)}
    lowered = np.flatnonzero(pits < 0)
    assert (np.diff(np.flatnonzero(np.diff(lowered) > 1)) == 4).all()  # 2 steps: 4 nodes each
    assert lowered[0] * SPACING > 9.9  # out of the first lidar's reach
    stumps = profile({**FLAT, "stump_height": [0.5, 1.5]})
    heights = np.unique(np.round(stumps[stumps > 0], 9)) / STEP
    assert heights.size > 5 and (heights >= 0.5).all() and (heights <= 1.5).all()
    stairs = profile({**FLAT, "stair_height": [1.0, 1.0], "stair_steps": 3})
    jumps = np.diff(stairs)
    np.testing.assert_allclose(np.abs(jumps[jumps != 0]), STEP)
    rough = profile({**FLAT, "ground_roughness": 5.0})
    assert not rough[: 20 * 2].any() and 0.1 < np.abs(rough).max() < 10
    assert (rough != profile({**FLAT, "ground_roughness": 5.0, "terrain_seed": 5})).any()
    assert (rough == profile({**FLAT, "ground_roughness": 5.0})).all()


def test_the_most_extreme_ground_stays_within_the_model():
    most = {**FLAT, "ground_roughness": 10.0, "stair_height": [5.0, 5.0], "stair_steps": 9}
    heights = [profile({**most, "terrain_seed": seed}) for seed in range(5)]
    assert np.abs(heights).max() <= 95
    venv = made(1, most, stairs=True)
    data = venv.unwrapped.physics.models[0].hfield_data
    ground = data.reshape(2, NODES)[0] * 200 - 100
    np.testing.assert_allclose(ground, venv.unwrapped.ground[0], atol=2e-5)


def test_lidar_equals_a_slow_search():
    task = {**FLAT, "ground_roughness": 3.0, "stump_height": [1.0, 3.0], "pit_gap": [1.0, 4.0]}
    ground = profile(task)
    x = np.array([12.1, 33.3, 51.27, 70.0, 92.9])
    z = np.interp(x, np.arange(NODES) * SPACING, ground) + np.array([2.5, 1.0, 0.4, 3.0, 2.0])
    got = lidar(np.tile(ground, (5, 1)), x, z)
    along = np.linspace(0, RANGE, 20_001)
    for row in range(5):
        for ray in range(10):
            angle = 1.5 * ray / 10
            there = x[row] + along * np.sin(angle), z[row] - along * np.cos(angle)
            under = there[1] <= np.interp(there[0], np.arange(NODES) * SPACING, ground)
            share = along[under.argmax()] / RANGE if under.any() else 1.0
            assert abs(share - got[row, ray]) < 1e-3, (row, ray)
    assert (lidar(ground[None], x[:1], z[:1] - 9) == 0).all()  # inside the ground


def test_mutations_are_those_of_the_release():
    child = genes.mutate(FLAT, "release", False, RNG(0))
    assert child["pit_gap"].tolist() == [0, 0.8] and child["stump_height"].tolist() == [0, 0.4]
    assert child["stair_height"].tolist() == [0, 0] and abs(child["ground_roughness"]) <= 0.6
    seen = set()
    for seed in range(80):
        grand = genes.mutate(child, "release", True, RNG(seed))
        seen.add(tuple(grand["stump_height"].tolist()))
        assert grand["stair_height"].tolist() == [0, 0.4]
        assert round(float(grand["ground_roughness"]), 1) == float(grand["ground_roughness"])
    assert seen == {(0.2, 0.4), (0.0, 0.6), (0.2, 0.6)}
    edge = {**child, "pit_gap": np.array([8.0, 8.0])}
    moved = {tuple(genes.mutate(edge, "release", False, RNG(s))["pit_gap"]) for s in range(60)}
    assert moved == {(7.6, 8.0), (7.6, 7.6)}
    wider = {tuple(genes.mutate(edge, "paper", False, RNG(s))["pit_gap"]) for s in range(60)}
    assert (8.0, 8.4) in wider


def test_difficulty_and_splits():
    hard = {**FLAT, "stump_height": [0.0, 2.4]}
    assert [genes.difficulty(one) for one in (FLAT, hard)] == [0, 1]
    assert genes.difficulty({**hard, "pit_gap": [0, 6], "ground_roughness": 4.5}) == 3
    for split, parity in (("train", 0), ("test", 1)):
        venv = gym.make_vec("meta/Terrain-v0", num_envs=1, split=split)
        tasks = venv.sample_tasks(20, seed=0)
        assert (tasks["terrain_seed"] % 2 == parity).all()
        assert (tasks["stump_height"] < 2.4).all() and (tasks["stair_height"] == 0).all()
    beyond = gym.make_vec("meta/Terrain-v0", num_envs=1, split="ood")
    tasks = beyond.sample_tasks(20, seed=0)
    each = [{key: part[i] for key, part in tasks.items()} for i in range(20)]
    assert {beyond.unwrapped.difficulty(one) for one in each} <= set(genes.LABELS[1:])
    venv = gym.make_vec("meta/Terrain-v0", num_envs=1, split="all")
    task, rng = venv.unwrapped.distribution.checked(FLAT), RNG(0)
    for _ in range(60):
        task = venv.unwrapped.distribution.mutate_task(task, rng)
    assert genes.difficulty(task) > 0  # it may lead anywhere


def test_reward_and_ends():
    venv = made(3)
    base = venv.unwrapped
    before = base.state["qpos"].copy()
    actions = np.array([[0, 0, 0, 0], [1, -1, 0.5, 0], [0, 0, 0, 0]], dtype=np.float32)
    _, rewards, *_ = venv.step(actions)
    after = base.state["qpos"]
    moved = 130 / 30 * (after[:, 0] - before[:, 0])
    tilt = 5 * (np.abs(after[:, 2]) - np.abs(before[:, 2]))
    cost = 0.00035 * 80 * np.abs(actions).sum(axis=1)
    np.testing.assert_allclose(rewards, moved - tilt - cost, atol=1e-12)
    rows = np.arange(3)
    positions, velocities = base.state["qpos"].copy(), np.zeros((3, 7))
    positions[0, :2] = -0.5, 9.0  # behind the start, in the air
    positions[1, :2] = 88.9, 9.0  # beyond the end
    positions[2, :3] = 30.0, 0.1, 0.0  # the hull in the ground
    base.physics.begin(rows, positions, velocities)
    base.state["qpos"] = positions
    _, rewards, terminated, truncated, infos = venv.step(np.zeros((3, 4), dtype=np.float32))
    assert terminated.all() and not truncated.any()
    assert rewards[[0, 2]].tolist() == [-100, -100] and rewards[1] > -1
    assert infos["final_info"]["success"].tolist() == [False, True, False]


def test_motors_aim_at_a_speed_with_the_torque_they_are_given():
    venv = made(2)
    base = venv.unwrapped
    positions = np.tile(base.state["qpos"][:1], (2, 1))
    positions[:, 1] = 20.0  # in the air
    base.physics.begin(np.arange(2), positions, np.zeros((2, 7)))
    actions = np.zeros((2, 4), dtype=np.float32)
    actions[0, 0], actions[1, 0] = 1.0, 0.0
    for _ in range(3):
        venv.step(actions)
    speed = base.state["qvel"][:, 3]
    assert 2.5 < speed[0] < 4.5 and abs(speed[1]) < 1
    forces = [model.actuator_forcerange[0].tolist() for model in base.physics.models]
    assert forces == [[-80, 80], [0, 0]]


def test_standing_still_on_flat_ground_is_seen_right():
    venv = made(1)
    for _ in range(3):
        observation, *_ = venv.step(np.zeros((1, 4), dtype=np.float32))
    x, z = venv.unwrapped.state["qpos"][0, :2]
    fall = z / np.cos(1.5 * np.arange(10) / 10)
    np.testing.assert_allclose(observation[0, 14:], np.minimum(fall / RANGE, 1), atol=1e-5)
    assert abs(x - 14 / 3) < 0.1 and observation.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pit_gap": [2.0, 1.0]}, r"'pit_gap'\] is \(2, 1\).*swap them"),
        ({"stump_height": [0.0, 5.1]}, "stump_height"),
        ({"ground_roughness": -1.0}, "ground_roughness"),
    ],
)
def test_bad_genes(change, words):
    venv = gym.make_vec("meta/Terrain-v0", num_envs=1)
    with pytest.raises(ValueError, match=words):
        venv.reset(options={"task": {**FLAT, **change}})


def test_bad_arguments():
    with pytest.raises(ValueError, match="source"):
        gym.make_vec("meta/Terrain-v0", num_envs=1, source="code")


def test_pictures_show_the_ground():
    venv = made(1, {**FLAT, "stump_height": [1.0, 2.0]}, render_mode="rgb_array")
    (first,) = venv.render()
    assert first.shape == (350, 600, 3)
    flat = made(1, render_mode="rgb_array").render()[0]
    assert (first != flat).any()
