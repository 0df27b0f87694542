"""Reach2D and Push2D: what pictures show, what the disc does, what is held out, who succeeds."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from agents import baselines, evaluate
from meta_envs.tabletop import shapes

REACH, PUSH = "meta/Reach2D-v0", "meta/Push2D-v0"
TABLE = np.array([232, 230, 225])


def batch(env: str, num_envs: int, **kwargs: Any) -> Any:
    return gym.make_vec(env, num_envs=num_envs, **kwargs).unwrapped


def put(env: Any, position: Any, places: Any, target: int = 0) -> None:
    """Begin an episode with a red disc and a blue square at given places."""
    task = {"hues": [0.0, 0.65], "shapes": [0, 1], "target": target}
    env.set_tasks([task] * env.num_envs)
    env.reset(seed=0)
    env.state["position"][:] = position
    env.state["places"][:] = places
    env.set_state(env.get_state())  # pictures are drawn again


@pytest.mark.parametrize("env", [REACH, PUSH])
@pytest.mark.parametrize("split", ["test", "ood"])
def test_who_is_told_succeeds_and_who_is_told_wrongly_does_not(env: str, split: str) -> None:
    told: dict[str, Any] = {"num_tasks": 16, "episodes": 1, "split": split}
    assert evaluate(baselines.Expert(), env, **told).success.mean() == 1.0
    venv = batch(env, 8, split=split)
    seen, _ = venv.reset(seed=1)
    met = np.zeros(8, bool)
    for _ in range(venv.steps):
        actions = []
        for row in range(8):
            task = {key: part[row] for key, part in venv.tasks.items()}
            task["target"] = 1 - task["target"]
            actions.append(venv.expert({k: v[row] for k, v in seen.items()}, task))
        seen, _, _, _, infos = venv.step(np.stack(actions))
        met |= infos["success"]
    assert not met.any()


def test_pictures_show_each_object_where_it_is() -> None:
    env = batch(REACH, 1, pixels=40)  # a pixel is .05 wide
    put(env, [0.0, -0.9], [[0.5, 0.5], [-0.525, 0.025]])
    picture = env.observe(np.array([0]))["image"][0]
    red, blue = shapes.colours_of(np.array([0.0, 0.65]))
    np.testing.assert_allclose(red, [229.5, 38.25, 38.25])
    np.testing.assert_allclose(picture[9, 29], red, atol=0.6)
    np.testing.assert_allclose(picture[19, 9], blue, atol=0.6)
    assert np.array_equal(picture[0, 0], TABLE)
    assert picture[37, 19].max() < 50  # the disc that moves is dark
    # a square of half side .8 x .16 = .128 around the middle of a pixel: 2.56 pixels each way
    across = (np.abs(picture[19].astype(int) - TABLE).max(axis=1) > 0).nonzero()[0]
    assert across.tolist() == list(range(6, 13))
    edge = TABLE + 0.06 * (blue - TABLE)
    np.testing.assert_allclose(picture[19, 6], edge, atol=1.0)
    for hue, place in ((0.0, [0.5, 0.5]), (0.65, [-0.525, 0.025])):
        np.testing.assert_allclose(shapes.find(picture, hue), place, atol=0.004)
    assert shapes.find(picture, 0.35) is None


@pytest.mark.parametrize("shape", range(len(shapes.NAMES)))
def test_shapes_are_around_their_centres_and_as_large_as_computed(shape: int) -> None:
    picture = shapes.blank(1, 128)
    black = np.zeros((1, 3), np.float32)
    where = np.array([[0.1, -0.2]])
    shapes.stamp(picture, where, 0.5, np.array([shape]), black)
    cover = 1 - picture[0, ..., 0] / TABLE[0]
    area = cover.sum() * (2 / 128) ** 2 / 0.25  # in squared radii
    wanted = [np.pi, 4 * 0.64, 1.5 * np.sqrt(3) / 2, 2.0, np.pi * 0.75, 4 * 0.35 * (2 - 0.35)]
    assert area == pytest.approx(wanted[shape], rel=0.03)
    middles = (np.arange(128) + 0.5) / 64 - 1
    centre = [cover.sum(axis=0) @ middles, -(cover.sum(axis=1) @ middles)] / cover.sum()
    np.testing.assert_allclose(centre, where[0], atol=0.005)


def test_objects_at_an_edge_are_cut() -> None:
    for place in ([1.0, 0.3], [-1.02, -1.0], [0.0, 1.3]):
        picture = shapes.blank(1, 16)
        colour = np.array([[255.0, 0.0, 0.0]], np.float32)
        shapes.stamp(picture, np.array([place]), 0.2, np.array([0]), colour)
        assert (picture == TABLE).all() == (place[1] > 1.2)


def test_a_push_moves_an_object_out_of_the_way_along_the_line_of_centres() -> None:
    env = batch(PUSH, 1)
    put(env, [0.5, 0.0], [[0.3, 0.0], [0.5, 0.3]])
    _, reward, _, _, infos = env.step(np.array([[-1.0, 0.0]]))  # to (.4, 0): contact is at .24
    np.testing.assert_allclose(env.state["places"][0, 0], [0.16, 0.0])
    np.testing.assert_allclose(env.state["places"][0, 1], [0.5, 0.3])
    assert reward[0] == pytest.approx(-0.16) and infos["distance"][0] == pytest.approx(0.16)
    put(env, [0.0, 0.0], [[0.12, 0.16], [-0.6, 0.0]])
    env.step(np.zeros((1, 2)))
    np.testing.assert_allclose(env.state["places"][0, 0], [0.144, 0.192])


def test_reaching_counts_in_the_last_ten_steps_alone() -> None:
    env = batch(REACH, 1, steps=12)
    put(env, [0.3, 0.3], [[0.3, 0.39], [0.0, 0.6]])
    found = [bool(env.step(np.zeros((1, 2)))[4]["success"][0]) for _ in range(11)]
    assert found == [False, False] + [True] * 9
    put(env, [0.3, 0.3], [[0.3, 0.41], [0.3, 0.3]])
    assert not any(env.step(np.zeros((1, 2)))[4]["success"][0] for _ in range(11))


def test_what_is_held_out_and_refused() -> None:
    for split, side in (("train", 0), ("test", 1)):
        drawn = batch(REACH, 1, split=split, objects=3).sample_tasks(40, seed=0)
        assert (np.floor(drawn["hues"] * 8) % 2 == side).all() and (drawn["shapes"] < 4).all()
        gaps = np.sort(drawn["hues"], axis=1)
        assert np.diff(gaps, axis=1, append=gaps[:, :1] + 1).min() >= 0.06
    assert (batch(PUSH, 1, split="ood").sample_tasks(20, seed=0)["shapes"] >= 4).all()
    env: Any = gym.make(REACH).unwrapped
    with pytest.raises(ValueError, match="a hue twice"):
        env.set_task({"hues": [0.2, 0.2], "shapes": [0, 0], "target": 0})
    for wrong in ({"objects": 1}, {"pixels": 8}, {"steps": 9}):
        (name,) = wrong
        with pytest.raises(ValueError, match=f"{name}={wrong[name]}"):
            batch(PUSH, 1, **wrong)


def test_a_picture_for_people_is_larger() -> None:
    env = gym.make(PUSH, render_mode="rgb_array")
    env.reset(seed=0)
    picture: Any = env.render()
    assert picture.shape == (384, 384, 3) and picture.dtype == np.uint8 and picture.std() > 5
