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
    {
        "id": "meta/DarkRoom-v0",
        "family": "meta_envs.mazes.dark_rooms:DarkRoom",
        "episodes_per_trial": 10,
        "summary": "A dark room with one hidden cell that pays while one stays on it",
        "source": "Laskin et al. 2022 (Algorithm Distillation)",
        "kwargs": {"size": 9, "steps": 20},
    },
    {
        "id": "meta/DarkKeyDoor-v0",
        "family": "meta_envs.mazes.dark_rooms:DarkKeyDoor",
        "episodes_per_trial": 10,
        "summary": "A dark room with an invisible key and an invisible door",
        "source": "Laskin et al. 2022 (Algorithm Distillation)",
        "kwargs": {"size": 9, "steps": 50},
    },
    {
        "id": "meta/VisualMaze-v0",
        "family": "meta_envs.mazes.visual_maze:VisualMaze",
        "episodes_per_trial": 2,
        "summary": "A maze seen in the first person, whose goal is to be found and then remembered",
        "source": "Duan et al. 2016 (RL2), section 3.3",
        "kwargs": {"size": 5},
    },
    {
        "id": "meta/TMaze-v0",
        "family": "meta_envs.mazes.t_maze:TMaze",
        "max_episode_steps": 100,
        "episodes_per_trial": 1,
        "summary": "A corridor whose sign says which way to turn at its other end",
        "source": "Bakker 2002, section 4",
        "kwargs": {"length": 10},
    },
    {
        "id": "meta/FrozenLake-v0",
        "family": "meta_envs.mazes.frozen_lake:FrozenLake",
        "max_episode_steps": 50,
        "episodes_per_trial": 10,
        "summary": "A frozen lake with hidden holes, held out for testing",
        "source": "Gymnasium; Grigsby et al. 2024 (AMAGO)",
        "kwargs": {"size": 5, "slip": 0.0},
    },
    {
        "id": "meta/FourRooms-v0",
        "family": "meta_envs.mazes.four_rooms:FourRooms",
        "max_episode_steps": 100,
        "episodes_per_trial": 10,
        "summary": "Four slippery rooms joined by doorways, with one hidden cell to find",
        "source": "Sutton et al. 1999; code of Frans et al. 2018 (MLSH)",
        "kwargs": {"slip": 1 / 3},
    },
)
