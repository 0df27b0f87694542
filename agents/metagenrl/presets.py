"""Presets of MetaGenRL: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Ours, by seed 100: policies learn at a seventh of TD3's usual rate, so the objective keeps
    # up with them. At 1e-3 they run ahead of it as soon as the critic's help ends. Without
    # `mirror` the objective learnt to push all torques one way. New learners do not yet learn by
    # it (`benchmarks/README.md`).
    "random-pendulum": {
        "id": "meta/RandomPendulum-v0",
        "env_kwargs": {},
        "arguments": {
            **{"n_envs": 8, "n_steps": 10, "window": 10, "batch_size": 64, "buffer_size": 20_000},
            **{"updates_per_step": 0.5, "random_steps": 500, "anneal_steps": 2000},
            **{"learning_rate": 1.5e-4, "objective_delay": 1, "mirror": True},
            "policy_kwargs": {"net_arch": [64, 64], "activation": "relu"},
        },
    },
}
