"""Small Markov decision processes."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/TabularMDP-v0",
        "family": "meta_envs.mdps.tabular:TabularMDP",
        "episodes_per_trial": 10,
        "summary": "Random transitions and rewards between a few states",
        "source": "Duan et al. 2016 (RL2), section 3.2",
        "kwargs": {"states": 10, "actions": 5, "horizon": 10},
    },
    {
        "id": "meta/TwoStep-v0",
        "family": "meta_envs.mdps.two_step:TwoStep",
        "episodes_per_trial": 1,
        "summary": "A choice, a common or rare transition, and a reward that changes sides",
        "source": "Daw et al. 2011; Wang et al. 2016 (L2RL)",
        "kwargs": {
            "p_common": 0.8,
            "p_reward": 0.9,
            "p_switch": 0.025,
            "rounds": 100,
            "second_stage": True,
        },
    },
)
