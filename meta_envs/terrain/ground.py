"""What families of walkers share: tasks are grounds. K nodes of a ground; metres."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from ..core import tasks as _tasks
from ..core.arguments import choice, flag
from ..core.distribution import TaskDistribution
from ..core.tasks import Task
from ..pictures.drawing import GREEN, Canvas
from ..pictures.heading import Lines
from . import genes
from .profile import NODES, SPACING, profile

_STRETCH = 8  # of heights in a thumbnail, at most


class Grounds:
    """Families whose tasks are grounds."""

    split: str
    distribution: TaskDistribution

    @abstractmethod
    def heights(self, task: Task) -> np.ndarray:
        """Return the ground's heights at nodes half a terrain step apart, [K]."""

    @abstractmethod
    def lines(self, task: Task) -> Lines:
        """Return what a picture says of a ground."""

    def thumbnail(self, task: Task, width: int = 120, height: int = 40) -> np.ndarray:
        """Draw a whole ground small, uint8 [height, width, 3], e.g. for a family tree."""
        ground = self.heights(task)
        canvas = Canvas(width, height)
        across = width / (SPACING * (NODES - 1))
        middle = (ground.max() + ground.min()) / 2
        up = min(_STRETCH * across, 0.8 * height / max(float(np.ptp(ground)), 1e-9))
        line = [
            (float(node * SPACING * across), float(height * 0.55 - (y - middle) * up))
            for node, y in enumerate(ground)
        ]
        canvas.polygon([(0.0, float(height)), *line, (float(width), float(height))], GREEN)
        return canvas.array()


class GeneGrounds(Grounds):
    """Grounds of POET's genes and a seed; see `Terrain`.

    Families set `source` and `stairs` by `_take_genes` before their base class is made.
    """

    splits: tuple[str, ...] = ("train", "test", "all", "ood")
    source: str
    stairs: bool

    def _take_genes(self, source: Any, stairs: Any) -> None:
        self.source = choice("source", source, sorted(genes.LARGEST))
        self.stairs = flag("stairs", stairs)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw genes and a seed."""
        return genes.draw(self.source, self.split == "ood", self.stairs, rng)

    def in_split(self, task: Task) -> bool:
        """Tell whether seed and difficulty belong to the split."""
        hard = genes.difficulty(task) > 0
        if self.split == "ood":
            return hard
        return not hard and int(task["terrain_seed"]) % 2 == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse intervals whose lowest value is above the highest.

        Raises:
            ValueError: Naming the gene.
        """
        for name in genes.INTERVALS:
            low, high = task[name]
            if low > high:
                raise ValueError(
                    f"task[{name!r}] is ({low:g}, {high:g}): the first number is the lowest value, "
                    "the second the highest; swap them"
                )

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a terrain with genes one mutation away, in the split, and another seed."""
        for _ in range(1000):
            child = genes.mutate(task, self.source, self.stairs, rng)
            if self.distribution.in_split(child):
                return child
        return {**_tasks.copied(task), "terrain_seed": self._other_seed(task, rng)}

    def easiest_task(self) -> dict[str, Any]:
        """Return flat ground, with which evolution begins."""
        return genes.flat()

    def novelty_features(self, task: Task) -> np.ndarray:
        """Return what the paper measures the distance of terrains by, [5]."""
        rough = [float(task["ground_roughness"])]
        return np.concatenate([rough, task["pit_gap"], task["stump_height"]])

    def difficulty(self, task: Task) -> str:
        """Return how hard a terrain is, by the paper's thresholds: one of `genes.LABELS`."""
        return genes.LABELS[genes.difficulty(task)]

    def heights(self, task: Task) -> np.ndarray:
        """Return the ground's heights at nodes half a terrain step apart, [K]."""
        return profile(task)

    def lines(self, task: Task) -> Lines:
        """Return how hard the ground is, and its genes."""
        return [("ground", self.difficulty(task)), ("genes", genes.spelled(task))]

    def _other_seed(self, task: Task, rng: np.random.Generator) -> int:
        """Return another seed of the split: seeds alternate between train and test."""
        step = 1 if self.split in ("all", "ood") else 2
        seed = int(task["terrain_seed"])
        return int((seed + step * rng.integers(1, genes.SEEDS // step)) % genes.SEEDS)
