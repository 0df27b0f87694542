"""Problems for learners of one lifetime: prediction, catching, and what changes as one learns."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/TwoColours-v0",
        "family": "meta_envs.lifetimes.two_colours:TwoColours",
        "max_episode_steps": 1000,
        "episodes_per_trial": 10,
        "summary": "Two squares, one of which pays and one costs, until they change over",
        "source": "Flennerhag et al. 2022 (BMG), section 5.1",
        "kwargs": {"size": 5, "switch_every": 100_000},
    },
    {
        "id": "meta/NoisyChain-v0",
        "family": "meta_envs.lifetimes.noisy_chain:NoisyChain",
        "episodes_per_trial": 10,
        "summary": "A chain to predict, in which every second state pays noise or looks alike",
        "source": "After Xu et al. 2018 (meta-gradients), figure 1",
        "kwargs": {"chain": "gamma", "length": 10},
    },
    {
        "id": "meta/Catch-v0",
        "family": "meta_envs.lifetimes.catch:Catch",
        "episodes_per_trial": 10,
        "summary": "A falling ball to catch, with actions that may be mirrored",
        "source": "Mnih et al. 2014; Osband et al. 2020 (bsuite)",
        "kwargs": {"size": [10, 5], "pixels": False},
    },
    {
        "id": "meta/RandomWalk-v0",
        "family": "meta_envs.lifetimes.random_walk:RandomWalk",
        "episodes_per_trial": 100,
        "summary": "A random walk whose values are to be learnt, with rewards that drift or flip",
        "source": "Sutton and Barto 2018, example 6.2; Xu et al. 2020 (FRODO)",
        "kwargs": {"states": 5, "flip_every": 0, "drift": 0.0},
    },
    {
        "id": "meta/SwitchingMDPs-v0",
        "family": "meta_envs.lifetimes.switching_mdps:SwitchingMDPs",
        "max_episode_steps": 1000,
        "episodes_per_trial": 10,
        "summary": "A library of random MDPs, of which another is in force every so often",
        "source": "After Luketina et al. 2022; sizes and distributions are ours",
        "kwargs": {"mdps": 4, "switch_every": 100_000},
    },
)
