"""Bandits: one episode is all pulls, so a trial is one episode."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/BernoulliBandit-v0",
        "family": "meta_envs.bandits.bernoulli:BernoulliBandit",
        "episodes_per_trial": 1,
        "summary": "Independent arms, each paying 1 with its own hidden probability",
        "source": "Duan et al. 2016 (RL2), section 3.1",
        "kwargs": {"arms": 5, "pulls": 10},
    },
)
