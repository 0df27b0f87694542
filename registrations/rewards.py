"""Tasks made of rewards over other environments."""

from typing import Any

_SOURCE = "Gupta et al. 2018, section 4.2"

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/RewardTask-v0",
        "family": "meta_envs.rewards.reward_task:RewardTask",
        "max_episode_steps": 100,
        "episodes_per_trial": 4,
        "summary": "Any environment, paid by how well a discriminator recognises a skill",
        "source": _SOURCE,
    },
    {
        "id": "meta/PointRandomReward-v0",
        "family": "meta_envs.rewards.reward_task:RewardTask",
        "max_episode_steps": 100,
        "episodes_per_trial": 4,
        "summary": "A point in a box, paid by random discriminators of its place",
        "source": _SOURCE,
        "kwargs": {"base": "meta/PointNavigation-v0"},
    },
    {
        "id": "meta/PointSkillReward-v0",
        "family": "meta_envs.rewards.reward_task:RewardTask",
        "max_episode_steps": 100,
        "episodes_per_trial": 4,
        "summary": "A point in a box, paid for being recognised as one of eight learnt skills",
        "source": "Gupta et al. 2018, section 4.2; skills of agents.DIAYN",
        "kwargs": {"base": "meta/PointNavigation-v0", "bank": "point-skills"},
    },
    {
        "id": "meta/HalfCheetahRandomReward-v0",
        "family": "meta_envs.rewards.reward_task:RewardTask",
        "max_episode_steps": 200,
        "episodes_per_trial": 2,
        "summary": "A cheetah, paid by random discriminators of its place",
        "source": _SOURCE,
        "kwargs": {"base": "meta/HalfCheetahVel-v0", "features": "com", "feature_scale": 5.0},
    },
    {
        "id": "meta/AntRandomReward-v0",
        "family": "meta_envs.rewards.reward_task:RewardTask",
        "max_episode_steps": 200,
        "episodes_per_trial": 2,
        "summary": "An ant, paid by random discriminators of its place in the plane",
        "source": _SOURCE,
        "kwargs": {"base": "meta/AntGoal-v0", "features": "xy", "feature_scale": 3.0},
    },
)
