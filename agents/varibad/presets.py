"""Presets of VariBAD: per id, with the source of the settings.

Settings are ours; the paper's (16 rows, 20 million steps) are slower on a batch of rows.
"""

from typing import Any

_GRID = {
    "n_envs": 256,
    "batch_size": 64,
    "n_epochs": 8,
    "learning_rate": ("linear", 2e-3, 1e-4),
    "gamma": 0.95,
    "gae_lambda": 0.8,
    "ent_coef": ("linear", 0.02, 0.0),
    "vae_learning_rate": 2e-3,
    "vae_updates": 8,
    "vae_batch_size": 128,
    "vae_buffer_size": 1024,
    "kl_coef": 0.1,
    "reward_decoder": "cells",
    "policy_kwargs": {"hidden_size": 64, "memory": 60},
}

PRESETS: dict[str, dict[str, Any]] = {
    "grid-navi": {"id": "meta/GridNavi-v0", "arguments": _GRID},
    "grid-navi-all": {
        "id": "meta/GridNavi-v0",
        "env_kwargs": {"split": "all"},
        "arguments": _GRID,
    },
}
