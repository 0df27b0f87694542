"""Presets of BMG: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Luketina et al. 2022, table 3: SGD .1, unrolls of 16 steps, two networks of 2 x 256. The
    # entropy bonus begins near the best fixed one. Not yet run for the millions of steps that the
    # papers report (`benchmarks/meta_gradients.py two-colours --steps 5000000`).
    "two-colours": {
        "id": "meta/TwoColours-v0",
        "env_kwargs": {},
        "arguments": {
            **{"n_envs": 1, "n_steps": 16, "optimizer": "sgd", "learning_rate": 0.1},
            **{"gamma": 0.99, "gae_lambda": 1.0, "ent_coef": 0.3, "vf_coef": 1.0},
            **{"max_grad_norm": None, "meta_learning_rate": 1e-4},
            "policy_kwargs": {
                **{"net_arch": [256, 256], "separate": ["value"], "activation": "relu"},
            },
        },
    },
}
