"""Presets of IMPALA, STAC and STACX: per id, with the source and what they scored here.

CartPole was tuned by hand on seed 100; Atari is Espeholt et al. 2018, table G.1, with the shallow
network. Its updates are too few for the 20 million frames of Pong's preset, where policies were
still nearly uniform after nine million; there they are A2C's, of 80 steps
(`benchmarks/results/lifetimes.csv`).
"""

from typing import Any

_ATARI = {
    "n_envs": 32,
    "n_steps": 20,
    "clip_reward": 1.0,
    "learning_rate": ("linear", 6e-4, 0.0),
    "schedule_steps": 50_000_000,  # of four frames
    "policy_kwargs": {"torso": "cnn"},
}
PRESETS: dict[str, dict[str, Any]] = {
    "cartpole": {
        "id": "CartPole-v1",
        "env_kwargs": {},
        "arguments": {
            "n_envs": 8,
            "n_steps": 16,
            "learning_rate": 3e-3,
            "policy_kwargs": {"net_arch": [64, 64], "separate": ["value"]},
        },
    },
    "atari": {
        "id": "meta/Atari-v0",
        "env_kwargs": {"end_on_lost_life": True},
        "arguments": _ATARI,
    },
    "pong": {
        "id": "meta/Atari-v0",
        "env_kwargs": {"game": "Pong"},
        "arguments": {
            **_ATARI,
            **{"n_envs": 16, "n_steps": 5, "rms_eps": 1e-5, "schedule_steps": 5_000_000},
        },
    },
}
STAC_PRESETS: dict[str, dict[str, Any]] = {
    "cartpole": {
        **PRESETS["cartpole"],
        "arguments": {**PRESETS["cartpole"]["arguments"], "meta_learning_rate": 5e-3},
    },
    "atari": PRESETS["atari"],
    "pong": PRESETS["pong"],
}
