"""Dark rooms: their goals, what the best earn, keys before doors."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ROOM, _KEY_DOOR = "meta/DarkRoom-v0", "meta/DarkKeyDoor-v0"
_STAY, _UP, _RIGHT, _DOWN, _LEFT = range(5)


def batch(id: str, num_envs: int = 1, **kwargs: Any) -> Any:
    return gym.make_vec(id, num_envs=num_envs, **kwargs)


def towards(place: np.ndarray, aim: np.ndarray) -> np.ndarray:
    """Return moves towards cells: first along x, then along y."""
    x, y = (aim - place).T
    return np.select([x > 0, x < 0, y > 0, y < 0], [_RIGHT, _LEFT, _UP, _DOWN], _STAY)


def test_eighty_goals_of_which_a_quarter_is_held_out() -> None:
    goals = {}
    for split in ("train", "test", "all"):
        members = batch(_ROOM, split=split).tasks_in_split
        goals[split] = [tuple(task["goal"].tolist()) for task in members]
    assert len(goals["all"]) == len(set(goals["all"])) == 80 and (4, 4) not in goals["all"]
    assert len(goals["test"]) == 20 and sorted(goals["train"] + goals["test"]) == goals["all"]
    assert len({x for x, _ in goals["test"]}) == 9  # spread over the room


@pytest.mark.parametrize(("once", "mean"), [(False, 16.5), (True, 1.0)])
def test_who_knows_the_goal_earns_16_5_on_average(once: bool, mean: float) -> None:
    env = batch(_ROOM, 80, split="all", once=once)
    goals = np.array([task["goal"] for task in env.tasks_in_split])
    env.set_tasks({"goal": goals})
    place, _ = env.reset(seed=0)
    assert (place == 4).all() and place.dtype == np.float32
    returns, distance = np.zeros(80), np.abs(goals - 4).sum(axis=1)
    for step in range(1, 21):
        place, rewards, terminated, _, infos = env.step(towards(place, goals))
        assert np.array_equal(infos["success"], step >= distance)
        assert (terminated == (step == 20)).all()
        returns += rewards
    assert np.array_equal(returns, np.ones(80) if once else 21.0 - distance)
    assert returns.mean() == mean


def test_the_hard_room_is_an_argument() -> None:
    env = batch(_ROOM, size=17, once=True, steps=60)
    assert len(env.tasks_in_split) == 288 - 72 and env.reset(seed=0)[0].tolist() == [[8, 8]]
    with pytest.raises(ValueError, match="size=8 has no middle cell; it must be odd"):
        batch(_ROOM, size=8)
    with pytest.raises(ValueError, match="is the middle, where episodes begin"):
        batch(_ROOM).set_tasks([{"goal": [4, 4]}])


def test_moves_go_where_they_say_and_stop_at_the_wall() -> None:
    env: Any = gym.make(_ROOM, size=3)
    env.reset(seed=0, options={"task": {"goal": [0, 0]}})
    moves = [_UP, _UP, _RIGHT, _DOWN, _STAY, _LEFT, _DOWN, _LEFT, _LEFT]
    places = [env.step(move)[0].tolist() for move in moves]
    assert places == [[1, 2], [1, 2], [2, 2], [2, 1], [2, 1], [1, 1], [1, 0], [0, 0], [0, 0]]


def test_a_door_pays_once_and_only_with_the_key() -> None:
    env: Any = gym.make(_KEY_DOOR, size=3, steps=12)
    task = {"key": [2, 0], "door": [1, 1]}
    place, _ = env.reset(seed=3, options={"task": task})
    route = [(1, 1), (2, 0), (1, 1), (2, 0), (1, 1)]  # past the door, key, door, and both again
    seen = []
    for aim in route:
        while place.tolist() != list(aim):
            move = towards(place[None], np.array([aim]))[0]
            place, reward, terminated, _, info = env.step(int(move))
            seen.append((tuple(place.astype(int).tolist()), float(reward), bool(info["success"])))
    paid = [(where, success) for where, reward, success in seen if reward]
    assert paid == [((2, 0), False), ((1, 1), True)]
    assert [reward for _, reward, _ in seen if reward] == [1.0, 1.0]


def test_key_and_door_in_one_cell_pay_together_and_start_anew_each_episode() -> None:
    env = batch(_KEY_DOOR, 200, size=2, steps=8)
    same = np.ones((200, 2), dtype=np.int64)
    env.set_tasks({"key": same, "door": same})
    place, _ = env.reset(seed=1)
    corners, counts = np.unique(place, axis=0, return_counts=True)
    assert len(corners) == 4 and counts.min() > 25  # starts are random: 50 ± 6
    for _ in range(2):
        returns = np.zeros(200)
        for _ in range(8):
            place, rewards, *_ = env.step(towards(place, same))
            returns += rewards
        assert (returns == 2.0).all()


def test_pairs_of_key_and_door_are_held_out_for_every_key() -> None:
    drawn = batch(_KEY_DOOR, split="all").sample_tasks(4000, seed=0)
    test = batch(_KEY_DOOR, split="test")
    held = [
        test.in_split({"key": key, "door": door})
        for key, door in zip(drawn["key"], drawn["door"], strict=True)
    ]
    assert np.mean(held) == pytest.approx(0.2, abs=4.5 * np.sqrt(0.16 / 4000))
    cells = np.argwhere(np.ones((9, 9)))
    doors = [test.in_split({"key": np.array([3, 3]), "door": door}) for door in cells]
    assert sum(doors) in (16, 17)
    with pytest.raises(ValueError, match="size=1 must be an integer of at least 2"):
        batch(_KEY_DOOR, size=1)


def test_pictures_show_what_is_hidden() -> None:
    for id in (_ROOM, _KEY_DOOR):
        env: Any = gym.make(id, render_mode="rgb_array")
        env.reset(seed=0)
        before = env.render()
        env.step(_UP)
        assert before.shape == env.render().shape == (530, 480, 3)
        assert (before != env.render()).any()
