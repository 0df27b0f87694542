"""Presets of LPO: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Ours: learning rate and passes are such that a drift matters. `benchmarks/lpo.py learn` says
    # what it scores.
    "sparse 5 x 5": {
        "id": "meta/TabularGrid-v0",
        "env_kwargs": {"level": "sparse", "size": [5, 5], "steps": 25, "moves": 4},
        "arguments": {
            **{"population": 32, "rows_per_task": 4, "life": 400, "n_steps": 25},
            **{"agent_learning_rate": 0.3, "n_minibatches": 2, "learning_rate": 0.02},
            "policy_kwargs": {"torso": "table", "separate": ["value"]},
        },
    },
}
