"""Presets of SNAIL: per id, with the source of the settings.

Sizes are a quarter of the paper's, and the outer loop is that of RL2's presets, for one CPU core.
What it scores after 600,000 steps is in `benchmarks/results/memory.csv`.
"""

from typing import Any

from .presets import PRESETS as OF_RL2

_SMALL = {
    "embedding_sizes": (32,),
    "core_kwargs": {"filters": 8, "n_blocks": 2, "key_size": 16, "value_size": 16},
}

PRESETS: dict[str, dict[str, Any]] = {
    "snail-dependent-bandit": {
        "id": "meta/DependentBandit-v0",
        "arguments": {**OF_RL2["dependent-bandit"]["arguments"], "policy_kwargs": _SMALL},
    },
}
