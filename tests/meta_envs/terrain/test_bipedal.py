"""BipedalTerrain: POET's grounds under Gymnasium's BipedalWalker."""

from __future__ import annotations

import copy

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("Box2D")

from meta_envs.terrain.profile import STEP, outline, profile  # noqa: E402

ID = "meta/BipedalTerrain-v0"
FLAT = {
    **{"ground_roughness": 0.0, "stair_steps": 1, "terrain_seed": 4},
    **{name: [0.0, 0.0] for name in ("pit_gap", "stump_height", "stair_height")},
}


def test_the_line_has_vertical_walls_and_the_widths_of_the_genes():
    pits = outline({**FLAT, "pit_gap": [2.0, 2.0]})
    walls = np.flatnonzero(np.diff(pits[:, 0]) == 0)
    np.testing.assert_allclose(np.abs(np.diff(pits[:, 1]))[walls], 4 * STEP)
    down, up = pits[walls[0::2], 0], pits[walls[1::2], 0]
    np.testing.assert_allclose(up - down[: len(up)], 2 * STEP)
    stairs = outline({**FLAT, "stair_height": [1.0, 1.0], "stair_steps": 3})
    steps = np.flatnonzero(np.diff(stairs[:, 0]) == 0)
    np.testing.assert_allclose(np.abs(np.diff(stairs[:, 1]))[steps], STEP)
    rough = {**FLAT, "ground_roughness": 3.0}
    np.testing.assert_allclose(outline(rough)[:, 1], profile(rough)[::2])
    assert not outline(FLAT)[:, 1].any()


def test_it_is_gymnasiums_walker():
    """On flat ground the observations and rewards are those of a walker of Gymnasium's there."""
    from gymnasium.envs.box2d import bipedal_walker

    class Flat(bipedal_walker.BipedalWalker):
        def _generate_terrain(self, hardcore):
            places = np.arange(201) * bipedal_walker.TERRAIN_STEP
            self.terrain_x = places.tolist()
            self.terrain_y = [bipedal_walker.TERRAIN_HEIGHT] * 201
            self.terrain, self.terrain_poly = [], []
            for left, right in zip(places, places[1:], strict=False):
                self.fd_edge.shape.vertices = [
                    (float(left), bipedal_walker.TERRAIN_HEIGHT),
                    (float(right), bipedal_walker.TERRAIN_HEIGHT),
                ]
                self.terrain.append(self.world.CreateStaticBody(fixtures=self.fd_edge))
                self.terrain[-1].color1 = self.terrain[-1].color2 = (0, 0, 0)
            self.terrain.reverse()

        def _generate_clouds(self):  # ours have a stream of their own
            self.cloud_poly = []

    env = gym.make(ID)
    first, _ = env.reset(seed=3, options={"task": FLAT})
    theirs = Flat()
    theirs.np_random = env.unwrapped.np_random
    env.reset(seed=3)
    theirs.np_random = np.random.Generator(np.random.PCG64())
    theirs.np_random.bit_generator.state = env.unwrapped._random
    np.testing.assert_allclose(theirs.reset()[0], first, atol=1e-6)
    random = np.random.default_rng(0)
    for _ in range(60):
        action = random.uniform(-1, 1, 4).astype(np.float32)
        ours, reward, ended, *_ = env.step(action)
        seen, got, over, *_ = theirs.step(action)
        np.testing.assert_allclose(ours, seen, atol=1e-5)
        assert reward == pytest.approx(float(got), abs=1e-4) and ended == over
        if over:
            break


def test_rows_are_environments_alone():
    venv = gym.make_vec(ID, num_envs=2, max_episode_steps=12)
    seen = venv.reset(seed=5)[0]
    alone = [gym.make(ID, max_episode_steps=12) for _ in range(2)]
    first = [env.reset(seed=5 + row)[0] for row, env in enumerate(alone)]
    assert (seen == np.stack(first)).all()
    actions = np.random.default_rng(0).uniform(-1, 1, (30, 2, 4)).astype(np.float32)
    for action in actions:
        seen, rewards, *_ = venv.step(action)
        for row, env in enumerate(alone):
            observation, reward, terminated, truncated, _ = env.step(action[row])
            if terminated or truncated:
                observation, _ = env.reset()
            assert (seen[row] == observation).all() and rewards[row] == reward


def test_a_copy_in_mid_episode_goes_on_alike():
    env = gym.make(ID)
    env.reset(seed=0)
    action = np.array([0.3, -1.0, 1.0, 0.2], dtype=np.float32)
    for _ in range(20):
        env.step(action)
    twin = copy.deepcopy(env)
    for _ in range(20):
        assert (env.step(action)[0] == twin.step(action)[0]).all()
    assert (env.reset()[0] == twin.reset()[0]).all()


def test_bad_genes_and_steps_before_a_reset():
    env = gym.make(ID)
    with pytest.raises(gym.error.ResetNeeded):
        env.unwrapped.step(np.zeros(4, dtype=np.float32))
    with pytest.raises(ValueError, match="swap them"):
        env.reset(options={"task": {**FLAT, "pit_gap": [2.0, 1.0]}})


def test_pictures_show_the_ground():
    pictures = []
    for task in (FLAT, {**FLAT, "stump_height": [1.0, 2.0]}):
        env = gym.make(ID, render_mode="rgb_array")
        env.reset(seed=0, options={"task": task})
        pictures.append(env.render())
    assert pictures[0].shape == (450, 600, 3) and (pictures[0] != pictures[1]).any()
