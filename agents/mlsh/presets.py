"""Presets of MLSH: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Figure 4 of the paper, with 20 groups of 20 rows in place of 10 groups of 12 processes, whose
    # updates are of 1,000 steps; the two groups that begin together share out the circles.
    # 40.6 of 43.8 after ten updates of 2,000 steps, worst of 20 tasks 35.4 (one seed, 2.4 M steps).
    "mlsh-moving-bandits": {
        "id": "meta/MovingBandits-v0",
        "env_kwargs": {"steps": 50},
        "arguments": {
            "n_envs": 400,
            "rows_per_task": 20,
            "n_steps": 50,
            "macro_length": 10,
            "warmup_updates": 9,
            "joint_updates": 1,
            "balance": "goal",
            "adapt_steps": 2000,
        },
    },
    # Section 6.3 of the paper: 4 sub-policies, 25 steps, 20 and 30 updates.
    "mlsh-four-rooms": {
        "id": "meta/FourRooms-v0",
        "env_kwargs": {"slip": 1 / 3},
        "arguments": {
            "n_envs": 200,
            "rows_per_task": 20,
            "n_steps": 100,
            "n_sub_policies": 4,
            "macro_length": 25,
            "warmup_updates": 20,
            "joint_updates": 30,
        },
    },
    # Section 6.4 of the paper: two sub-policies, 200 steps, 20 and 40 updates. Not yet run.
    "mlsh-ant-twowalk": {
        "id": "meta/AntTwowalk-v0",
        "env_kwargs": {},
        "arguments": {
            "n_envs": 80,
            "rows_per_task": 10,
            "n_steps": 500,
            "macro_length": 200,
            "warmup_updates": 20,
            "joint_updates": 40,
            "adapt_steps": 10_000,
        },
    },
}
