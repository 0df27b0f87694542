"""Presets of LPG: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # On small levels the rule is found in minutes; see benchmarks/results/lpg.csv.
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
