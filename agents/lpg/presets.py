"""Presets of LPG: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Settings of a small study. Its whole run (160 iterations) has not been repeated here:
    # `benchmarks/lpg.py learn` is the command; after 30 iterations new learners still earn about 0.
    "sparse 5 x 5": {
        "id": "meta/TabularGrid-v0",
        "env_kwargs": {"level": "sparse", "size": [5, 5], "steps": 25, "moves": 4},
        "arguments": {
            "learning_rate": 1e-3,
            "n_envs": 384,
            "rows_per_task": 16,
            "lifetime": 50,
            "n_predictions": 8,
            "rule_size": 64,
            "policy_ent_coef": 0.01,
            "policy_l2_coef": 0.001,
        },
    },
}
