"""Presets of IMPALA: per id, with the source of the settings and what they scored here."""

from typing import Any

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
}

STAC_PRESETS: dict[str, dict[str, Any]] = {}
