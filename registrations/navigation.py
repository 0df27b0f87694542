"""Navigation: points in the plane that look for a hidden goal."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/PointNavigation-v0",
        "family": "meta_envs.navigation.navigation:PointNavigation",
        "max_episode_steps": 100,
        "episodes_per_trial": 4,
        "summary": "A point that is paid for being near a hidden goal in a small square",
        "source": "Finn et al. 2017 (MAML), section 5.3",
    },
)
