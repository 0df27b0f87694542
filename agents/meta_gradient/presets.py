"""Presets of MetaGradient: per id, with the source of the settings and what they scored here.

Settings are A2C's where it has some; `benchmarks/meta_gradients.py` measures both.
"""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # A2C's rate is too large for a network that sees gamma and lambda: policies become
    # deterministic before they are good, as with a meta rate of .01 (seeds 0 to 2: 92, 21, 128
    # after 60,000 steps; 100 to 102 with these settings: 309, 500, 500, A2C 10, 500, 500).
    "cartpole": {
        "id": "CartPole-v1",
        "env_kwargs": {},
        "arguments": {
            **{"learning_rate": 4e-3, "meta_learning_rate": 1e-3, "n_envs": 8, "n_steps": 8},
            "embedding": 0,
            "policy_kwargs": {"net_arch": [64, 64], "separate": ["value"]},
        },
    },
    # IMPALA's, in the same updates; the outer discount is the paper's. Rewards are -1, 0 and 1.
    # Not yet run to its end.
    "pong": {
        "id": "meta/Atari-v0",
        "env_kwargs": {"game": "Pong"},
        "arguments": {
            **{"n_envs": 16, "n_steps": 5, "optimizer": "rmsprop", "learning_rate": 6e-4},
            **{"outer_gamma": 0.995, "policy_kwargs": {"torso": "cnn"}},
        },
    },
    # Xu et al. 2018, figure 1: predictions alone, with a discount of each state's own, for 100,000
    # steps. Of the mean of several rows, with less noise, all discounts go to 1 in the end.
    "noisy-chain": {
        "id": "meta/NoisyChain-v0",
        "env_kwargs": {},
        "arguments": {
            **{"eta": ("gamma",), "state_dependent": True, "embedding": 0, "gamma": 0.5},
            **{"gae_lambda": 1.0, "outer_gamma": 1.0, "outer_lambda": 1.0, "vf_coef": 1.0},
            **{"optimizer": "sgd", "learning_rate": 0.5, "max_grad_norm": None},
            **{"n_envs": 1, "n_steps": 10, "meta_learning_rate": 0.005},
            "policy_kwargs": {"torso": "table"},
        },
    },
}
