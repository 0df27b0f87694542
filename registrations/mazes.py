"""Mazes: grids in which a goal is to be found first, and gone to then."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/GridNavi-v0",
        "family": "meta_envs.mazes.grid_navi:GridNavi",
        "episodes_per_trial": 4,
        "summary": "An open grid with one hidden cell that pays while one stays on it",
        "source": "Zintgraf et al. 2020 (VariBAD), section 5.1",
        "kwargs": {"size": 5, "steps": 15},
    },
    {
        "id": "meta/RandomMaze-v0",
        "family": "meta_envs.mazes.random_maze:RandomMaze",
        "max_episode_steps": 100,
        "episodes_per_trial": 2,
        "summary": "A grown maze of unseen walls, whose layouts are held out for testing",
        "source": "Duan et al. 2016 (RL2), section 3.3, as a grid",
        "kwargs": {"size": 9},
    },
)
