"""Presets of PEARL: per id, with the source of the settings and what they scored here.

Numbers of tasks, horizons, discounts, reward scales and weights of the bottleneck are those of the
original code's `configs/`; on points, widths and batches are smaller, which a CPU does in minutes.
Scores are in `benchmarks/results/learning.csv`.
"""

from typing import Any

_POINT = {"net_arch": (64, 64, 64), "encoder_arch": (64, 64, 64)}

PRESETS: dict[str, dict[str, Any]] = {
    "point-goal": {  # configs/point-robot.json: 80 tasks, 1000 gradient steps on 2,000 new steps
        "id": "meta/PointGoal-v0",
        "arguments": {
            "n_envs": 20,
            "n_initial_episodes": 10,
            "n_prior_episodes": 2,
            "n_extra_episodes": 2,
            "gradient_steps": 800,
            "meta_batch_size": 16,
            "batch_size": 64,
            "context_batch_size": 32,
            "learning_rate": 1e-3,
            "reward_scale": 100.0,
            "kl_coef": 0.1,
            "policy_kwargs": _POINT,
        },
    },
    "sparse-point": {  # configs/sparse-point-robot.json: 5 exploration and 45 posterior episodes
        "id": "meta/SparsePoint-v0",
        "arguments": {
            "n_envs": 20,
            "n_initial_episodes": 10,
            "n_prior_episodes": 5,
            "n_posterior_episodes": 5,
            "n_extra_episodes": 0,
            "exploration_episodes": 5,
            "gradient_steps": 1000,
            "meta_batch_size": 16,
            "batch_size": 64,
            "context_batch_size": 128,
            "learning_rate": 1e-3,
            "gamma": 0.9,
            "reward_scale": 100.0,
            "kl_coef": 1.0,
            "train_reward": "dense_reward",
            "policy_kwargs": _POINT,
        },
    },
    "half-cheetah-vel": {  # configs/cheetah-vel.json
        "id": "meta/HalfCheetahVel-v0",
        "arguments": {
            "n_train_tasks": 100,
            "n_extra_episodes": 3,
            "context_batch_size": 100,
        },
    },
    "half-cheetah-dir": {  # configs/cheetah-dir.json
        "id": "meta/HalfCheetahDir-v0",
        "arguments": {
            "n_envs": 4,
            "n_initial_episodes": 5,
            "n_prior_episodes": 5,
            "n_extra_episodes": 5,
            "meta_batch_size": 4,
            "context_batch_size": 256,
        },
    },
}
