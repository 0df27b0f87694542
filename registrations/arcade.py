"""Arcade: Atari's games, through ale-py."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Atari-v0",
        "family": "meta_envs.arcade.family:Atari",
        "max_episode_steps": 27_000,
        "episodes_per_trial": 1,
        "summary": "One of 57 Atari games (`game`), or several of them, a game a row",
        "source": "Bellemare et al. 2013; ale-py",
        "kwargs": {"protocol": "2018"},
    },
)
