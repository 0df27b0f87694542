"""Arcade: Atari's games, through ale-py."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Atari-v0",
        "family": "meta_envs.arcade.family:Atari",
        "max_episode_steps": 27_000,
        "episodes_per_trial": 1,
        "summary": "One of the 57 Atari games (`game`), or each row one of those of a split",
        "source": "Bellemare et al. 2013; ale-py",
        "kwargs": {"protocol": "2018"},
    },
)
