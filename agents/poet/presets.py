"""Presets of POET: per id, with the source of the settings and what they scored here.

Wang et al. 2019 have populations of 512, 40 niches and days of 256 cores. These are for one or two
cores: few niches, episodes of 600 steps (364 reward is the whole way of one), and thresholds that
are scaled with them. What they reach is in `benchmarks/results/populations.csv`.
"""

from typing import Any

_BRIEF = {
    "env_kwargs": {"max_episode_steps": 600},
    "arguments": {
        **{"learning_rate": 0.03, "sigma": 0.05, "population": 32, "capacity": 6, "n_envs": 32},
        **{"learning_rate_decay": 1.0, "sigma_decay": 1.0, "eval_episodes": 3},
        **{"transfer_interval": 5, "reproduction_interval": 10},
        **{"reproduce_at": 45.0, "lowest": 0.0, "highest": 120.0, "solved_at": 60.0},
    },
}
PRESETS: dict[str, dict[str, Any]] = {"terrain": {"id": "meta/Terrain-v0", **_BRIEF}}
ENHANCED: dict[str, dict[str, Any]] = {"cppn-terrain": {"id": "meta/CPPNTerrain-v0", **_BRIEF}}
