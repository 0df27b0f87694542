"""Manipulation: Meta-World's meta-learning benchmarks."""

from typing import Any

_FAMILY = "meta_envs.manipulation.family:Manipulation"
_SOURCE = "Yu et al. 2019; metaworld 3.1.1"

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/ML1-v0",
        "family": _FAMILY,
        "max_episode_steps": 500,
        "episodes_per_trial": 10,
        "summary": "A robot arm with one thing to do (`task_name`) at hidden places",
        "source": _SOURCE,
        "kwargs": {"benchmark": "ML1", "task_name": "reach-v3"},
    },
    {
        "id": "meta/ML10-v0",
        "family": _FAMILY,
        "max_episode_steps": 500,
        "episodes_per_trial": 10,
        "summary": "A robot arm that learns from ten things to do how to do five others",
        "source": _SOURCE,
        "kwargs": {"benchmark": "ML10"},
    },
    {
        "id": "meta/ML25-v0",
        "family": _FAMILY,
        "max_episode_steps": 500,
        "episodes_per_trial": 10,
        "summary": "A robot arm that learns from 25 things to do how to do five others",
        "source": "McLean et al. 2025 (Meta-World+); metaworld 3.1.1",
        "kwargs": {"benchmark": "ML25"},
    },
    {
        "id": "meta/ML45-v0",
        "family": _FAMILY,
        "max_episode_steps": 500,
        "episodes_per_trial": 10,
        "summary": "A robot arm that learns from 45 things to do how to do five others",
        "source": _SOURCE,
        "kwargs": {"benchmark": "ML45"},
    },
)
