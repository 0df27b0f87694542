"""Errands: an episode to look around, then episodes that say what to do."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/BusGrid-v0",
        "family": "meta_envs.errands.bus_grid:BusGrid",
        "episodes_per_trial": 2,
        "summary": "A city to explore, whose buses lead to unknown corners; then go to a named one",
        "source": "Liu et al. 2021 (DREAM)",
        "kwargs": {"variant": "vanilla", "size": 9, "buses": 4},
    },
    {
        "id": "meta/Cooking-v0",
        "family": "meta_envs.errands.cooking:Cooking",
        "episodes_per_trial": 2,
        "summary": "A kitchen to explore, with unknown drawers; then cook two named ingredients",
        "source": "Liu et al. 2021 (DREAM)",
        "kwargs": {},
    },
    {
        "id": "meta/SignNavigation-v0",
        "family": "meta_envs.errands.sign_navigation:SignNavigation",
        "episodes_per_trial": 2,
        "summary": "Rooms seen in the first person, with a sign that says which colour to touch",
        "source": "Liu et al. 2021 (DREAM)",
        "kwargs": {},
    },
)
