"""Presets of MetaGenRL: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Ours, found by a few runs; `benchmarks/metagenrl.py learn` says what it scores.
    "random-pendulum": {
        "id": "meta/RandomPendulum-v0",
        "env_kwargs": {},
        "arguments": {
            **{"n_envs": 6, "n_steps": 10, "window": 10, "batch_size": 16, "buffer_size": 20_000},
            **{"updates_per_step": 0.5, "random_steps": 500, "anneal_steps": 2000},
            "policy_kwargs": {"net_arch": [64, 64], "activation": "relu"},
        },
    },
}
