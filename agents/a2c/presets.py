"""Presets of A2C: per id, with the source of the settings and what they scored here.

Tuned by hand, on seeds other than those of `benchmarks/results/lifetimes.csv`.
"""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "cartpole": {
        "id": "CartPole-v1",
        "env_kwargs": {},
        "arguments": {
            "learning_rate": 4e-3,
            "n_envs": 8,
            "n_steps": 8,
            "policy_kwargs": {"net_arch": [64, 64], "separate": ["value"]},
        },
    },
}
