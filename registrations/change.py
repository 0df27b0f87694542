"""Machines that change from episode to episode; robots that do are in `locomotion`."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Thrusters-v0",
        "family": "meta_envs.change.thrusters:Thrusters",
        "max_episode_steps": 100,
        "episodes_per_trial": 7,
        "summary": "A point with four thrusters, of which a hidden pair fails more every episode",
        "source": "ours, after Al-Shedivat et al. 2018, section 5.1",
    },
)
