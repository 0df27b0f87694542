"""The ants and the walker of MLSH: what pays, where walls and obstacles are, who is put upright."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.locomotion.obstacles import NEAR, PLACES

TWO, AXES = "meta/AntTwowalk-v0", "meta/AntMovement-v0"
WALLS, OVER_OR_UNDER = "meta/AntObstacles-v0", "meta/WalkerObstacles-v0"


def batch(env: str, num_envs: int, **kwargs: Any) -> Any:
    return gym.make_vec(env, num_envs=num_envs, threads=1, **kwargs).unwrapped


def test_an_ant_pays_its_distance_from_one_of_two_places() -> None:
    env = batch(TWO, 2)
    assert [one["goal"].tolist() for one in env.tasks_in_split] == [[5.0, 0.0], [0.0, 5.0]]
    env.set_tasks([{"goal": [5.0, 0.0]}, {"goal": [0.0, 5.0]}])
    env.reset(seed=0)
    _, rewards, terminated, _, _ = env.step(np.full((2, 8), 0.3, np.float32))
    away = env.state["place"] - [[5.0, 0.0], [0.0, 5.0]]
    np.testing.assert_allclose(rewards, -np.hypot(*away.T))  # no cost, no pay for standing
    assert not terminated.any()
    with pytest.raises(ValueError, match=r"is neither \[5.0, 0.0\] nor \[0.0, 5.0\]"):
        env.set_tasks([{"goal": [1.0, 1.0]}] * 2)


def test_an_ant_is_paid_for_speed_along_an_axis_and_pays_for_leaving_it() -> None:
    env = batch(AXES, 2)
    env.set_tasks([{"axis": 0}, {"axis": 1}])
    env.reset(seed=[3, 3])
    before = env.state["place"].copy()
    actions = np.full((2, 8), 0.4, np.float32)
    rewards = env.step(actions)[1]
    speed = (env.state["place"] - before) / env.dt
    aside = 0.5 * np.abs(env.state["place"][[0, 1], [1, 0]])
    wanted = speed[[0, 1], [0, 1]] - aside - 0.1 * 8 * 0.4**2
    np.testing.assert_allclose(rewards, wanted, rtol=1e-6)


def test_an_ant_among_walls_is_paid_near_its_place_and_put_on_its_feet() -> None:
    env = batch(WALLS, 3, upright_every=4)
    env.set_tasks([{"cell": 0}, {"cell": 7}, {"cell": 7}])
    env.reset(seed=0)
    positions = env.state["qpos"].copy()
    positions[0, :2] = PLACES[0] + [NEAR - 0.3, 0.0]
    positions[1, :2] = PLACES[7] - [0.0, NEAR + 0.3]
    positions[2, :2] = [3.1, 0.0]
    velocities = np.zeros_like(env.state["qvel"])
    velocities[2, 0] = 4.0  # towards the wall at x = 4
    env.physics.begin(np.arange(3), positions, velocities)
    paid = []
    for step in range(1, 13):
        seen, rewards, *_ = env.step(np.full((3, 8), 0.5, np.float32))
        paid.append(rewards[:2])
        if step % 4 == 0:
            upright = np.tile(env._nominal.qpos0[2:], (3, 1))
            np.testing.assert_array_equal(env.state["qpos"][:, 2:], upright)
            np.testing.assert_array_equal(seen[:, 2 : env._nominal.nq], upright)
            assert not seen[:, env._nominal.nq :].any()
            velocities[:] = 0.0
            velocities[2, 0] = 4.0
            env.physics.begin(np.arange(3), env.state["qpos"].copy(), velocities)
    assert np.array(paid)[0].tolist() == [1.0, 0.0]
    assert 3.2 < env.state["place"][2, 0] < 4.0  # pushed, and stopped


def test_places_are_free_and_beyond_walls() -> None:
    env = batch(WALLS, 1)
    boxes = [geom for geom in range(env.model.ngeom) if env.model.geom(geom).name[:4] == "wall"]
    assert len(boxes) == 9
    for geom in boxes:
        away = np.abs(PLACES - env.model.geom_pos[geom, :2]) - env.model.geom_size[geom, :2]
        assert (away.max(axis=1) > 0.5).all()


def test_a_walker_meets_hurdles_or_beams() -> None:
    env = batch(OVER_OR_UNDER, 2)
    env.set_tasks([{"obstacle": 0}, {"obstacle": 1}])
    env.reset(seed=0)
    for row, (there, away) in enumerate((("hurdle", "beam"), ("beam", "hurdle"))):
        model = env.physics.models[row]
        places = {
            kind: np.array([model.geom(f"{kind}_{i}").pos for i in range(8)])
            for kind in (there, away)
        }
        assert (places[away][:, 2] < -5).all() and (places[there][:, 2] > 0).all()
        np.testing.assert_array_equal(places[there][:, 0], 4.0 * np.arange(1, 9))
    model = env.physics.models[0]
    assert model.geom("hurdle_0").pos[2] + model.geom("hurdle_0").size[2] == pytest.approx(0.225)
    model = env.physics.models[1]
    assert model.geom("beam_0").pos[2] - model.geom("beam_0").size[2] == pytest.approx(1.15)
    positions, velocities = env.state["qpos"].copy(), np.zeros_like(env.state["qvel"])
    positions[:, 0], velocities[:, 0] = 3.2, 6.0
    env.physics.begin(np.arange(2), positions, velocities)
    met = [set(), set()]
    for _ in range(30):
        env.step(np.zeros((2, 6), np.float32))
        for row in range(2):
            for contact in env.physics.data[row].contact:
                model = env.physics.models[row]
                met[row] |= {model.geom(int(geom)).name.partition("_")[0] for geom in contact.geom}
    assert "hurdle" in met[0] and "beam" not in met[0]
    assert "beam" in met[1] and "hurdle" not in met[1]
