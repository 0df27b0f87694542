"""Grown mazes: one way between any two cells, layouts held out, ends and moves."""

from typing import Any

import gymnasium as gym
import networkx as nx
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.mazes.grown import grow_maze

_ID = "meta/RandomMaze-v0"
_LEFT, _DOWN, _RIGHT, _UP = range(4)
_MOVES = {(0, -1): _LEFT, (1, 0): _DOWN, (0, 1): _RIGHT, (-1, 0): _UP}


def batch(num_envs=1, **kwargs) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def graph(walls):
    grid = nx.grid_2d_graph(*walls.shape)
    grid.remove_nodes_from([tuple(cell) for cell in np.argwhere(walls).tolist()])
    return grid


def tasks_of(split, count, **kwargs):
    drawn = batch(split=split, **kwargs).sample_tasks(count, seed=3)
    return [{key: values[index] for key, values in drawn.items()} for index in range(count)]


@pytest.mark.parametrize("size", [5, 7, 9, 15])
def test_every_maze_has_exactly_one_way_between_two_cells(size):
    for task in tasks_of("all", 30, size=size):
        grid = graph(task["walls"])
        assert nx.is_tree(grid)
        assert len(grid) == 2 * (size // 2) ** 2 - 1
        assert (task["walls"][1::2, 1::2] == 0).all()
        start, goal = tuple(task["start"].tolist()), tuple(task["goal"].tolist())
        assert start != goal
        assert start in grid
        assert goal in grid


def test_growing_reaches_every_tree_of_four_rooms():
    random = np.random.default_rng(0)
    layouts, counts = np.unique(
        [grow_maze(5, random).ravel() for _ in range(1000)], axis=0, return_counts=True
    )
    assert len(layouts) == 4  # depth first in four rooms is a ring that lacks one passage
    assert (abs(counts - 250) < 4.5 * np.sqrt(1000 * 0.25 * 0.75)).all()


def test_growing_depth_first_makes_longer_corridors_than_chance():
    # Trees of 4 x 4 rooms drawn uniformly have 5.3 ends on average, those grown like this 3.3.
    ends = []
    for seed in range(200):
        grid = graph(grow_maze(9, np.random.default_rng(seed)))
        ends.append(sum(grid.degree(cell) == 1 for cell in grid))
    assert np.mean(ends) < 4


def test_starts_and_goals_are_uniform_over_the_free_cells():
    for key in ("start", "goal"):
        cells = np.array([task[key] for task in tasks_of("all", 1500)])
        in_room = (cells % 2 == 1).all(axis=1)  # 16 of 31 free cells
        error = np.sqrt(16 * 15 / 31**2 / len(cells))
        assert abs(in_room.mean() - 16 / 31) < 4.5 * error


def test_no_layout_is_in_both_splits_whatever_its_start():
    train, test = tasks_of("train", 300), tasks_of("test", 300)
    layouts = [{task["walls"].tobytes() for task in tasks} for tasks in (train, test)]
    assert not layouts[0] & layouts[1]
    assert min(map(len, layouts)) > 250
    env = batch(split="test").unwrapped
    for task in test[:20]:
        swapped = {**task, "start": task["goal"], "goal": task["start"]}
        assert env.in_split(swapped)


@pytest.mark.parametrize("size", [7, 9])
def test_about_half_of_the_layouts_are_held_out(size):
    env = batch(split="test", size=size).unwrapped
    random = np.random.default_rng(1)
    walls = {grow_maze(size, random).tobytes() for _ in range(1000)}
    layouts = [np.frombuffer(one, dtype=np.int64).reshape(size, size) for one in walls]
    share = np.mean([env.in_split({"walls": one}) for one in layouts])
    assert abs(share - 0.5) < 4.5 * 0.5 / np.sqrt(len(layouts))


def test_the_shortest_way_solves_each_maze():
    rows = 30
    env = batch(rows, split="all")
    cells, _ = env.reset(seed=7)
    ways = []
    for row in env.every_row.tolist():
        grid = graph(env.tasks["walls"][row])
        start, goal = (tuple(env.tasks[key][row].tolist()) for key in ("start", "goal"))
        assert cells[row] == start[0] * 9 + start[1]
        ways.append(nx.shortest_path(grid, start, goal))
    for step in range(1, max(map(len, ways))):
        playing = np.array([step < len(way) for way in ways])
        actions = np.zeros(rows, dtype=np.int64)
        for row in np.flatnonzero(playing).tolist():
            (r, c), (next_r, next_c) = ways[row][step - 1 : step + 1]
            actions[row] = _MOVES[next_r - r, next_c - c]
        cells, rewards, terminated, truncated, infos = env.step(actions)
        for row in np.flatnonzero(playing).tolist():
            last = step == len(ways[row]) - 1
            assert (terminated[row], infos["success"][row]) == (last, last)
            assert rewards[row] == (1.0 if last else -0.01)
            place = infos["final_obs"][row] if last else cells[row]
            assert place == ways[row][step][0] * 9 + ways[row][step][1]
            assert not truncated[row]


def corridor():
    walls = np.ones((5, 5), dtype=np.int64)
    walls[1, 1:4] = 0
    walls[2:4, 3] = 0
    return {"walls": walls, "start": [1, 1], "goal": [3, 3]}


def test_moves_go_where_they_say_and_walls_stop_them():
    env: Any = gym.make(_ID, size=5)
    first, _ = env.reset(options={"task": corridor()})
    assert first == 6
    moves = [_LEFT, _UP, _DOWN, _RIGHT, _RIGHT, _RIGHT, _DOWN, _UP, _LEFT, _RIGHT, _DOWN]
    places = [int(env.step(move)[0]) for move in moves]
    assert places == [6, 6, 6, 7, 8, 8, 13, 8, 7, 8, 13]
    cell, reward, terminated, truncated, info = env.step(_DOWN)
    assert (cell, reward, terminated, truncated, info["success"]) == (18, 1.0, True, False, True)
    assert env.reset()[0] == 6  # the next episode starts where the first did


def test_the_horizon_only_cuts():
    env: Any = gym.make(_ID, size=5)
    env.reset(options={"task": corridor()})
    ends = [env.step(_UP)[2:4] for _ in range(100)]
    assert ends == [(False, False)] * 99 + [(False, True)]
    rows = batch(2, size=5)
    rows.set_tasks([corridor()] * 2)
    rows.reset()
    for _ in range(100):
        _, _, terminated, truncated, infos = rows.step([_UP, _UP])
    assert not terminated.any()
    assert truncated.all()
    assert infos["final_obs"].tolist() == [6, 6]


def test_a_larger_maze_may_get_more_steps():
    env = batch(2, size=15, max_episode_steps=300)
    assert env.max_episode_steps == 300
    assert env.single_observation_space.n == 225


def change(**cells):
    task = corridor()
    for cell, wall in cells.items():
        task["walls"][int(cell[1]), int(cell[2])] = wall
    return task


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (change(c04=0), r"open at \[0, 4\]"),
        (change(c11=1), r"task\['start'\]=\[1, 1\] is a wall"),
        (change(c33=1), r"task\['goal'\]=\[3, 3\] is a wall"),
        (change(c13=1), "no way leads"),
        ({**corridor(), "goal": [1, 1]}, "is the start too"),
        ({**corridor(), "goal": [1, 5]}, r"goal.*1.*=5 is outside \[0, 4\]"),
        ({**corridor(), "walls": np.ones((9, 9))}, "shape"),
        ({**corridor(), "walls": np.full((5, 5), 2)}, r"outside \[0, 1\]"),
    ],
)
def test_a_maze_that_cannot_be_played_is_refused(task, words):
    env: Any = gym.make(_ID, size=5).unwrapped
    with pytest.raises(ValueError, match=words):
        env.set_task(task)


@pytest.mark.parametrize(("size", "nearest"), [(3, 5), (8, 9), (1, 5)])
def test_a_size_without_rooms_is_refused_with_the_nearest(size, nearest):
    with pytest.raises(ValueError, match=f"size={size} .* use e.g. {nearest}"):
        gym.make(_ID, size=size)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("size", [5, 7])
def test_the_smallest_mazes_have_both_splits(size, split):
    assert len(tasks_of(split, 5, size=size)) == 5
