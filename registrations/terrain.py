"""Terrain: walkers on ground that evolves."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Terrain-v0",
        "family": "meta_envs.terrain.family:Terrain",
        "max_episode_steps": 2000,
        "episodes_per_trial": 2,
        "summary": "A two-legged walker on rough ground with pits and stumps, which are the genes",
        "source": "Wang et al. 2019 (POET)",
        "kwargs": {"source": "release"},
    },
)
