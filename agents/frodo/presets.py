"""Presets of FRODO: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Predictions alone, with a reward that flips every 250 episodes (`benchmarks/value_walk.py`, 3
    # seeds): error .168 against .123 of TD(0) with the best step size, error below .3 after 22
    # episodes against 26. With `bootstrap=False` it was not measured.
    "random-walk": {
        "id": "meta/RandomWalk-v0",
        "env_kwargs": {},
        "arguments": {
            **{"n_envs": 1, "n_steps": 8, "gamma": 0.999, "gae_lambda": 1.0, "vf_coef": 1.0},
            **{"optimizer": "sgd", "learning_rate": 0.8, "max_grad_norm": None},
            **{"inner_steps": 1, "target_width": 16, "bootstrap": True},
            **{"meta_learning_rate": 1e-2, "policy_kwargs": {"torso": "table"}},
        },
    },
}
