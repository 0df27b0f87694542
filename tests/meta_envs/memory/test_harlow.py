"""Harlow's task: what is seen, what is hidden, what memory is worth."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.memory.objects import image_of

_ID = "meta/Harlow-v0"
_FORMS = ("vectors", "drawn")


def batch(num_envs: int = 1, **kwargs: Any) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def halves(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the left and the right object of each row, flat."""
    parts = np.split(seen, 2, axis=2 if seen.ndim == 4 else 1)
    left, right = (part.reshape(len(part), -1).astype(np.float64) for part in parts)
    return left, right


@pytest.mark.parametrize("objects", _FORMS)
def test_who_remembers_the_first_outcome_is_right_ever_after(objects: str) -> None:
    rows = 2000 if objects == "vectors" else 300
    env = batch(rows, objects=objects)
    seen, _ = env.reset(seed=0)
    pays = None  # the object that a row has seen to pay, flat
    for number in range(1, 7):
        left, right = halves(seen)
        actions = np.zeros(rows, np.int64) if pays is None else (left != pays).any(1).astype(int)
        chosen = np.where(actions[:, None] == 0, left, right)
        other = np.where(actions[:, None] == 0, right, left)
        seen, rewards, terminated, _, infos = env.step(actions)
        assert (
            np.array_equal(infos["success"], rewards == 1.0) and (terminated == (number == 6)).all()
        )
        if pays is None:
            assert rewards.mean() == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(rows))
            pays = np.where(rewards[:, None] == 1.0, chosen, other)
        else:
            assert (rewards == 1.0).all()


def test_sides_are_even_and_objects_stay_within_an_episode() -> None:
    env = batch(500, presentations=3)
    first, _ = env.reset(seed=1)
    second, *_ = env.step(np.zeros(500, np.int64))
    left, right = halves(first)
    kept = (halves(second)[0] == left).all(axis=1)
    swapped = (halves(second)[0] == right).all(axis=1)
    assert (kept ^ swapped).all()
    assert kept.mean() == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(500))


@pytest.mark.parametrize("objects", _FORMS)
def test_objects_are_held_out_and_differ(objects: str) -> None:
    found = {}
    for split in ("train", "test"):
        tasks = batch(objects=objects, split=split).sample_tasks(300, seed=2)
        keys = [key for key in tasks if key != "good"]
        pairs = [
            [tasks[key][i, one].tobytes() for key in keys] for i in range(300) for one in (0, 1)
        ]
        found[split] = {tuple(one[-1:]) if objects == "drawn" else tuple(one) for one in pairs}
        assert tasks["good"].mean() == pytest.approx(0.5, abs=0.13)
        if objects == "drawn":
            assert (tasks["pattern"].sum(axis=2) % 2 == (split == "test")).all()
            assert tasks["pattern"].sum(axis=2).min() >= 4
    assert not found["train"] & found["test"]


def test_a_figure_is_its_bits_mirrored_in_its_colour() -> None:
    bits = np.zeros(15, np.int64)
    bits[[0, 5]] = 1  # upper left, and the middle of the second row
    image = image_of(bits, np.array(0))
    assert image.shape == (28, 28, 3)
    squares = image[4:-4, 4:-4][2::4, 2::4]
    lit = np.argwhere(squares.any(axis=-1)).tolist()
    assert lit == [[0, 0], [0, 4], [1, 2]]
    assert squares[0, 0].tolist() == [0, 114, 178] and not image[:4].any()


def test_what_cannot_be_told_apart_is_refused() -> None:
    env: Any = gym.make(_ID, features=2).unwrapped
    with pytest.raises(ValueError, match="both objects of the task are the same"):
        env.set_task({"good": 0, "objects": [[0.5, 0.5], [0.5, 0.5]]})
    drawn: Any = gym.make(_ID, objects="drawn").unwrapped
    task = drawn.sample_task(seed=0)
    with pytest.raises(ValueError, match="fewer than 4 bits"):
        drawn.set_task({**task, "pattern": [[1] + [0] * 14, [1] * 15]})
    for wrong, said in (
        ({"objects": "images"}, "objects='images' is unknown; allowed are 'vectors', 'drawn'"),
        ({"features": 0}, "features=0"),
        ({"presentations": 0}, "presentations=0"),
    ):
        with pytest.raises(ValueError, match=said):
            gym.make(_ID, **wrong)


@pytest.mark.parametrize("objects", _FORMS)
def test_the_picture_shows_the_objects_and_the_choices(objects: str) -> None:
    env: Any = gym.make(_ID, render_mode="rgb_array", objects=objects)
    env.reset(seed=0)
    before = env.render()
    env.step(1)
    assert before.shape == env.render().shape == (308, 408, 3) and (before != env.render()).any()
