"""Presets of SNAIL: per id, with the source of the settings.

Sizes are a quarter of the paper's, and the outer loop is that of RL2's presets, for one CPU core.
What it scores after 600,000 steps is in `benchmarks/results/memory.csv`.
"""

from typing import Any

_SMALL = {
    "embedding_sizes": (32,),
    "core_kwargs": {"filters": 8, "n_blocks": 2, "key_size": 16, "value_size": 16},
}

PRESETS: dict[str, dict[str, Any]] = {
    "snail-dependent-bandit": {
        "id": "meta/DependentBandit-v0",
        "arguments": {
            "n_envs": 64,
            "batch_size": 16,
            "n_epochs": 8,
            "learning_rate": ("linear", 4e-3, 1e-4),
            "gamma": 0.9,
            "gae_lambda": 0.3,
            "ent_coef": 0.0,
            "policy_kwargs": _SMALL,
        },
    },
}
