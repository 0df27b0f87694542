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
    {
        "id": "meta/CPPNTerrain-v0",
        "family": "meta_envs.terrain.cppn_family:CPPNTerrain",
        "max_episode_steps": 2000,
        "episodes_per_trial": 2,
        "summary": "The walker of Terrain on ground that a small network draws: its genome evolves",
        "source": "Wang et al. 2020 (Enhanced POET)",
        "kwargs": {},
    },
    {
        "id": "meta/BipedalTerrain-v0",
        "family": "meta_envs.terrain.bipedal:BipedalTerrain",
        "max_episode_steps": 2000,
        "episodes_per_trial": 2,
        "summary": "Gymnasium's BipedalWalker on the grounds of Terrain (the extra `box2d`)",
        "source": "Wang et al. 2019 (POET); Gymnasium's BipedalWalker",
        "kwargs": {"source": "release"},
    },
)
