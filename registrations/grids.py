"""The toy worlds in which learning rules are found."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/TabularGrid-v0",
        "family": "meta_envs.grids.tabular_grid:TabularGrid",
        "episodes_per_trial": 10,
        "summary": "Objects in fixed places of a grid, good and bad ones; states have numbers",
        "source": "Oh et al. 2020 (LPG); level 'groove': Jackson et al. 2023",
        "kwargs": {"level": "dense", "moves": 9},
    },
    {
        "id": "meta/RandomGrid-v0",
        "family": "meta_envs.grids.random_grid:RandomGrid",
        "episodes_per_trial": 10,
        "summary": "Objects of a grid in new random places each episode, seen as planes",
        "source": "Oh et al. 2020 (LPG); level 'groove': Jackson et al. 2023",
        "kwargs": {"level": "dense", "moves": 9},
    },
    {
        "id": "meta/DelayedChain-v0",
        "family": "meta_envs.grids.delayed_chain:DelayedChain",
        "episodes_per_trial": 20,
        "summary": "The first action decides about a reward that comes many steps later",
        "source": "Oh et al. 2020 (LPG)",
        "kwargs": {"level": "short"},
    },
)
