"""Presets of BMG and QBMG: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Luketina et al. 2022, table 3: SGD .1, unrolls of 16 steps, two networks of 2 x 256, Adam with
    # an epsilon of 1e-4, targets of 8 updates. The bonus falls to .001 where nothing changes, and
    # rises to .15 to .4 after a switch, from which learners come back: 1.2 times the reward
    # of the best fixed bonus after 1.75 million steps (seeds 9 to 11:
    # `benchmarks/results/meta_gradients-two-colours.csv`). With targets of 16 it rises later.
    "two-colours": {
        "id": "meta/TwoColours-v0",
        "env_kwargs": {},
        "arguments": {
            **{"n_envs": 1, "n_steps": 16, "optimizer": "sgd", "learning_rate": 0.1},
            **{"gamma": 0.99, "gae_lambda": 1.0, "ent_coef": 0.1, "vf_coef": 0.25},
            **{"max_grad_norm": 2.0, "meta_learning_rate": 1e-3, "target_steps": 7},
            "policy_kwargs": {
                **{"net_arch": [256, 256], "separate": ["value"], "activation": "relu"},
                "init": "fan_in",  # orthogonal weights diverge at a switch
            },
        },
    },
}

Q_PRESETS: dict[str, dict[str, Any]] = {
    # Luketina et al. 2022: Adam with 3e-5, lambda .9, targets of 16 updates; networks and unrolls
    # as for BMG. A context of 100 unrolls. Not yet run for millions of steps
    # (`benchmarks/meta_gradients.py q-two-colours`).
    "two-colours": {
        "id": "meta/TwoColours-v0",
        "env_kwargs": {},
        "arguments": {
            **{"n_envs": 1, "n_steps": 16, "learning_rate": 3e-5, "gamma": 0.99, "q_lambda": 0.9},
            **{"max_grad_norm": None, "meta_learning_rate": 1e-4, "context": 100},
            "policy_kwargs": {"net_arch": [256, 256], "activation": "relu"},
        },
    },
}
