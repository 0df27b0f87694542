"""Presets of DIAYN: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Figure 2a of the paper: a point in a box. Ours are sizes that a CPU trains in a minute.
    "diayn-point-box": {
        "id": "meta/PointNavigation-v0",
        "env_kwargs": {"bound": 1.0, "terminate": False, "max_episode_steps": 25},
        "arguments": {
            "n_envs": 8,
            "n_skills": 8,
            "updates_per_step": 0.25,
            "batch_size": 256,
            "learning_rate": 1e-3,
            "gamma": 0.95,
            "policy_kwargs": {"net_arch": (64, 64), "discriminator_arch": (64, 64)},
        },
    },
}
