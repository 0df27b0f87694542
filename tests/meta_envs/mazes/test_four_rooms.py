"""Four rooms: the layout, the slips, the ways to the goals."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import networkx
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.mazes.four_rooms import NEIGHBOURS, PLACES, START, WALLS, expected_steps

_ID = "meta/FourRooms-v0"


def batch(num_envs: int, **kwargs: Any) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def test_the_rooms_are_suttons() -> None:
    assert WALLS.shape == (13, 13) and len(PLACES) == 104 and PLACES[START].tolist() == [7, 9]
    free = networkx.grid_2d_graph(13, 13)
    free.remove_nodes_from([tuple(cell) for cell in np.argwhere(WALLS).tolist()])
    assert networkx.is_connected(free)
    doorways = [cell for cell in free if free.degree(cell) == 2 and _between_walls(cell)]
    assert sorted(doorways) == [(3, 6), (6, 2), (7, 9), (10, 6)]
    free.remove_nodes_from(doorways)
    sizes = sorted(len(room) for room in networkx.connected_components(free))
    assert sizes == [20, 25, 25, 30]


def _between_walls(cell: tuple[int, int]) -> bool:
    row, column = cell
    across = WALLS[row, column - 1] and WALLS[row, column + 1]
    return bool(across or (WALLS[row - 1, column] and WALLS[row + 1, column]))


@pytest.mark.parametrize("slip", [0.0, 1 / 3, 1.0])
def test_moves_slip_to_the_other_three_directions_alike(slip: float) -> None:
    rows, tries, rng = 500, 24, np.random.default_rng(0)
    env = batch(rows, slip=slip)
    env.reset(seed=0)
    found = np.zeros((3, tries, rows), dtype=np.int64)
    for number in range(tries):
        cells, actions = rng.choice([START, 0, 11, 60], rows), rng.integers(4, size=rows)
        env.state["cell"] = cells.copy()
        seen, _, ended, _, infos = env.step(actions)
        found[:, number] = cells, actions, np.where(ended, infos.get("final_obs", seen), seen)
    cells, actions, after = found.reshape(3, -1)
    for cell in (START, 0, 11, 60):
        for action in range(4):
            chance = np.full(4, slip / 3)
            chance[action] = 1.0 - slip
            expected = np.bincount(NEIGHBOURS[cell], chance, minlength=104)
            of_these = after[(cells == cell) & (actions == action)]
            counts = np.bincount(of_these, minlength=104)
            error = np.sqrt(len(of_these) * expected * (1 - expected))
            assert (abs(counts - len(of_these) * expected) <= 4.5 * error + 1e-9).all()


def test_plans_without_slips_are_shortest_ways() -> None:
    graph = networkx.Graph((cell, int(there)) for cell in range(104) for there in NEIGHBOURS[cell])
    for goal in (0, 50, 103):
        steps = expected_steps(goal, 0.0).min(axis=1)
        for cell, length in networkx.single_source_shortest_path_length(graph, goal).items():
            if cell != goal:
                assert steps[cell] == pytest.approx(length)


def test_the_expert_needs_the_steps_that_it_expects() -> None:
    env = batch(600, max_episode_steps=5000, split="all")
    env.set_tasks([{"goal": 103}] * 600)
    seen, _ = env.reset(seed=0)
    lengths, count = np.zeros(600), 0
    while not lengths.all():
        count += 1
        seen, rewards, ended, _, infos = env.step(
            np.array([env.expert(one, {"goal": 103}) for one in seen])
        )
        assert np.array_equal(rewards == 1, ended) and np.array_equal(infos["success"], ended)
        lengths[ended & (lengths == 0)] = count
    best = expected_steps(103, 1 / 3)[START].min()
    assert lengths.mean() == pytest.approx(best, abs=4 * lengths.std() / np.sqrt(600))


def test_a_quarter_of_the_goals_is_held_out_in_every_room() -> None:
    goals = {
        split: {int(task["goal"]) for task in batch(1, split=split).unwrapped.tasks_in_split}
        for split in ("train", "test", "all")
    }
    assert len(goals["all"]) == 103 and START not in goals["all"] and len(goals["test"]) == 25
    assert goals["train"] | goals["test"] == goals["all"] and not goals["train"] & goals["test"]
    rooms = {(bool(row > 6), bool(column > 6)) for row, column in PLACES[list(goals["test"])]}
    assert len(rooms) == 4


def test_pictures_and_refusals() -> None:
    env: Any = gym.make(_ID, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    for _ in range(3):
        env.step(1)
    assert env.render().shape == before.shape and not np.array_equal(before, env.render())
    with pytest.raises(ValueError, match="where episodes begin"):
        env.unwrapped.set_task({"goal": START})
    with pytest.raises(ValueError, match="slip=1.5"):
        gym.make(_ID, slip=1.5)
    rows = batch(1)
    rows.reset(seed=0)
    state = rows.get_state()
    state["state.cell"][:] = 104
    with pytest.raises(ValueError, match=r"state\.cell"):
        rows.set_state(state)
