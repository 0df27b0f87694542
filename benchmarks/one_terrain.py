"""`bench/OneTerrain-v0`: Terrain whose every task is the same certain ground; flat by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import meta_envs
from meta_envs.terrain import genes
from meta_envs.terrain.family import Terrain

ID = "benchmarks.one_terrain:bench/OneTerrain-v0"


class OneTerrain(Terrain):
    """A walker on one ground.

    Args:
        ground: Genes that differ from those of flat ground.
        **more: As in `Terrain`.
    """

    splits = ("all",)

    def __init__(self, ground: Mapping[str, Any] | None = None, **more: Any):
        self.one = {**genes.flat(), **(ground or {})}
        super().__init__(**more)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the ground."""
        return dict(self.one)


meta_envs.register(
    "bench/OneTerrain-v0",
    f"{__name__}:OneTerrain",
    max_episode_steps=2000,
    episodes_per_trial=1,
    summary="A walker on one ground",
    source="benchmarks",
)
