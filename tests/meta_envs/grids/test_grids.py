"""Grids of objects: what is known about their levels, step by step and in the long run."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.grids.levels import RANDOM, TABULAR

TABULAR_ID, RANDOM_ID = "meta/TabularGrid-v0", "meta/RandomGrid-v0"
MINI = {"level": "sparse", "size": [5, 5], "steps": 25, "moves": 4}
UP, DOWN, LEFT, RIGHT = range(4)


def best_return(task: dict[str, Any], ahead: np.ndarray, gamma: float = 1.0) -> float:
    """Return the value of the first state by backward induction over cells and what exists."""
    count, cells = int(task["count"]), task["walls"].size
    places = np.asarray(task["places"])[:count]
    walls = task["walls"].ravel() == 1
    step = np.where(walls[ahead], np.arange(cells)[:, None], ahead)
    there = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    value = np.zeros((2**count, cells))
    for _ in range(int(task["steps"])):
        arrived = np.zeros((2**count, cells))  # of being in a cell after the move, [what, cell]
        for what in range(2**count):
            for cell in range(cells):
                got = there[what] * (places == cell)
                stays = there[what] * (1 - got)
                back = np.where(there[what] == 1, 0.0, task["p_back"][:count])
                odds = [
                    np.prod(
                        np.where(after == 1, np.maximum(stays, back), 1 - np.maximum(stays, back))
                    )
                    for after in there
                ]
                ends = (got * task["p_end"][:count]).sum()
                arrived[what, cell] = (got * task["reward"][:count]).sum()
                arrived[what, cell] += gamma * (1 - ends) * np.dot(odds, value[:, cell])
        value = np.stack([arrived[what][step].max(axis=1) for what in range(2**count)])
    return float(value[2**count - 1, int(task["start"])])


def test_collecting_ends_pays_and_comes_back():
    objects = [[1, 0, 0.5], [-1, 1, 0]]
    env: Any = gym.make(
        TABULAR_ID, level="sparse", size=3, objects=objects, steps=9, moves=4
    ).unwrapped
    task = {**env.sample_task(), "start": 0, "places": [1, 2]}
    seen, _ = env.reset(seed=0, options={"task": task})
    assert seen == 0 + 9 * 3  # both are there
    seen, reward, terminated, _, _ = env.step(RIGHT)
    assert (seen, reward, terminated) == (1 + 9 * 2, 1.0, False)
    returned = 0.0
    for _ in range(7):  # against the border: it stays, and collects whatever comes back
        seen, reward, terminated, _, _ = env.step(UP)
        returned += reward
        assert seen in (1 + 9 * 2, 1 + 9 * 3) and not terminated
    assert 1 <= returned <= 4  # at most every second step
    seen, reward, terminated, _, _ = env.step(RIGHT)
    assert (reward, terminated) == (-1.0, True)
    assert (int(seen) - 2) // 9 in (0, 1)  # the bad one is gone


def test_an_episode_ends_with_its_steps():
    env: Any = gym.make(TABULAR_ID, **MINI).unwrapped
    task = {**env.sample_task(), "start": 0, "places": [23, 24]}
    env.reset(seed=0, options={"task": task})
    ends = [env.step(UP)[2:4] for _ in range(25)]
    assert ends == [(False, False)] * 24 + [(True, False)]


def test_probabilities_are_what_the_task_says():
    venv: Any = gym.make_vec(
        TABULAR_ID, num_envs=1000, level="sparse", size=2, objects=[[1, 0.3, 0.2]], moves=4
    )
    task = {**venv.unwrapped.sample_tasks(1), "start": np.array([0]), "places": np.array([[1]])}
    venv.reset(seed=0, options={"task": {key: part[0] for key, part in task.items()}})
    ended = venv.step(np.full(1000, RIGHT))[2]
    assert abs(ended.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 1000)
    back = venv.step(np.full(1000, UP))[0][~ended] == 1 + 4
    assert abs(back.mean() - 0.2) < 4 * np.sqrt(0.2 * 0.8 / back.size)


def test_the_best_return_is_that_of_backward_induction():
    """A plan worked out by hand: the far good object first, as the near one ends the episode."""
    env: Any = gym.make(
        TABULAR_ID, level="sparse", size=3, objects=[[1, 1, 0], [0.5, 0, 0]], steps=6, moves=4
    ).unwrapped
    task = {**env.sample_task(), "start": 0, "places": [1, 6]}
    assert best_return(task, env.rows._ahead) == 1.5
    returned = 0.0
    env.reset(options={"task": task})
    for action in (DOWN, DOWN, UP, UP, RIGHT):
        returned += env.step(action)[1]
    assert returned == 1.5
    for chance, best in ((0.0, 1.0), (0.5, 1.5), (1.0, 2.0)):  # one step away; then wait a step
        task["p_end"], task["p_back"] = np.zeros(2), np.array([chance, 0])
        task["reward"], task["steps"] = np.array([1.0, -1.0]), 3
        assert best_return(task, env.rows._ahead) == pytest.approx(best)


def test_a_level_of_groove_is_whole():
    env: Any = gym.make(TABULAR_ID, level="groove").unwrapped
    tasks = env.rows.sample_tasks(400, seed=0)
    sides = [(task == 0).any(axis=1).sum() for task in tasks["walls"]]
    assert set(sides) <= set(range(2, 11)) and 10 in sides and min(sides) <= 4
    assert set(tasks["count"].tolist()) == {1, 2, 3, 4, 5}
    assert (tasks["reward"][:, 0] > 0).all() and (tasks["reward"][:, 1:] < 0).any()
    assert 20 <= tasks["steps"].min() and tasks["steps"].max() <= 750
    median = np.median(np.log(tasks["p_back"]))  # of a log-uniform number: the middle
    assert abs(median - np.log(0.01)) < 0.2


@pytest.mark.parametrize(("id", "names"), [(TABULAR_ID, list(TABULAR)), (RANDOM_ID, list(RANDOM))])
def test_every_level_plays(id, names):
    for name in [*names, "groove"]:
        venv: Any = gym.make_vec(id, num_envs=3, level=name, moves=5)
        venv.reset(seed=0)
        for _ in range(4):
            seen = venv.step(venv.action_space.sample())[0]
            assert all(venv.single_observation_space.contains(one) for one in seen)


def test_random_objects_stand_apart_and_come_back_elsewhere():
    venv: Any = gym.make_vec(
        RANDOM_ID, num_envs=50, level="small", size=[2, 3], objects=[[1, 0, 1, 4]], moves=4
    )
    seen, _ = venv.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(60):
        assert (seen[:, 0].sum(axis=(1, 2)) == 1).all()
        present = seen[:, 1].sum(axis=(1, 2))
        assert np.isin(present, (3, 4)).all()
        actions = rng.integers(4, size=50)
        after, rewards, *_ = venv.step(actions)
        at = after[:, 0].astype(bool)
        assert np.array_equal(rewards > 0, seen[:, 1][at] > 0)  # collected where it stood
        assert not after[:, 1][at].any()  # comes back elsewhere than under the agent
        seen = after


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"level": "spars"}, "sparse"),
        ({"moves": 8}, "4, 5, 9"),
        ({"size": [2, 2], "level": "dense"}, "4 objects and a start"),
        ({"objects": [[1, 2, 0]]}, r"objects\[0\]\[1\]"),
        ({"objects": [[1, 0]]}, "p_end"),
        ({"size": [1, 2, 3]}, "rows, columns"),
        ({"level": "groove", "objects": 99}, "from 1 to 8"),
    ],
)
def test_bad_arguments_are_refused_in_words(kwargs, words):
    with pytest.raises(ValueError, match=words):
        gym.make(TABULAR_ID, **kwargs)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"start": 4}, "wall"),
        ({"places": [0, 1]}, "start"),
        ({"places": [1, 1]}, r"places\[0\]"),
        ({"places": [4, 1]}, "wall"),
    ],
)
def test_impossible_levels_are_refused(changed, words):
    env: Any = gym.make(TABULAR_ID, level="groove", size=4, objects=2).unwrapped
    task = env.sample_task()
    walls = np.zeros((4, 4), dtype=np.int64)
    walls.flat[4] = 1
    task |= {"walls": walls, "start": 0, "count": 2, "places": [1, 2]}
    env.set_task(task)
    with pytest.raises(ValueError, match=words):
        env.set_task({**task, **changed})
