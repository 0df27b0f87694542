"""Contests against opponents that get better from round to round."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Sumo-v0",
        "family": "meta_envs.opponents.sumo:Sumo",
        "max_episode_steps": None,
        "episodes_per_trial": 9,
        "summary": "Two bodies push each other out of a ring; the opponent is better every round",
        "source": "Al-Shedivat et al. 2018, section 5.2 (RoboSumo)",
    },
)
