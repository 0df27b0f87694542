"""A planar walker on ground that a small network draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.splits import interleave
from ..core.tasks import Task
from ..pictures.heading import Lines
from . import cppn
from .profile import HIGHEST, LENGTH, NODES, STEP
from .walker import Walker

_FLAT = 22  # terrain steps, out of the lidar's reach, so that the first observation shows no task
_PLACES = np.pi * (2 * np.arange(LENGTH + 1) / LENGTH - 1)  # what the network is given
_STEEP = 0.5  # rise over run
_MUTATIONS, _MUTATIONS_OF_STEEP = (0, 10), (20, 40)  # of a draw, both included
_FEATURES = 10  # terrain steps between heights that novelty is measured by


class CPPNTerrain(Walker):
    """Enhanced POET's walker on ground drawn by a small network, whose genome is the task.

    Tasks:
        A compositional pattern producing network of at most 12 nodes, which is given a place (-pi
        to pi along the ground) and says its height in metres. Node 0 is the input, node 1 the
        output. `kinds[j - 1]` is what node j computes (0 no such node, 1 identity, 2 sin, 3
        sigmoid, 4 square, 5 tanh), `biases[j - 1]` its bias; `links[i, j - 1]` is 1 where node i
        feeds node j (2 where it did, until a node was put between) with `weights[i, j - 1]`;
        `response` scales what the output is fed. Links form no cycle.
    Observation, Action, Reward, Episode:
        Those of `Terrain`.
    Splits:
        A draw is a random slope uphill with up to 10 of the release's mutations. `train` and `test`
        follow the same distribution, on even and odd cells of the height of the ground's end; it
        is nowhere steeper than 1 in 2. `"ood"` is, somewhere, after 20 to 40 mutations. In
        `"all"`, mutations may lead anywhere.
    Source:
        Wang et al. 2020 (Enhanced POET, arXiv 2003.08536) and uber-research/poet. Differences: a
        genome has a fixed size, so at most ten hidden nodes; evolution begins on level ground, in
        the release on a slope; heights are cut at 95 m; the ground is level for 22 steps, there 21;
        and those of `Terrain` and of `meta_envs.terrain.cppn.mutate`.
    Versions:
        v0.

    Args:
        threads: Threads that step rows; None: one per CPU. Results do not depend on it.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    splits = ("train", "test", "all", "ood")

    def __init__(self, threads: int | None = None, **core: Any):
        super().__init__(cppn.task_space(), threads, **core)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a slope, and mutate it some times."""
        genome = cppn.first(rng)
        fewest, most = _MUTATIONS_OF_STEEP if self.split == "ood" else _MUTATIONS
        for _ in range(rng.integers(fewest, most + 1)):
            genome = cppn.mutate(genome, rng)
        return genome

    def in_split(self, task: Task) -> bool:
        """Tell whether the ground's steepness and end belong to the split."""
        heights = _heights(task)
        steep = _steepness(heights) > _STEEP
        if self.split == "ood":
            return steep
        return not steep and interleave(heights[-1], -HIGHEST, HIGHEST, 4000) == self.split

    def check_task(self, task: Task) -> None:
        """Refuse a genome that is no feed-forward network.

        Raises:
            ValueError: If the output is missing, a link has no node at an end, or links form a
                cycle.
        """
        cppn.check(task)

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a genome one mutation away, in the split.

        Raises:
            RuntimeError: If no mutation is in the split.
        """
        for _ in range(1000):
            child = cppn.mutate(task, rng)
            if self.distribution.in_split(child):
                return child
        raise RuntimeError(f"1000 mutations led to no ground of split {self.split!r}")

    def easiest_task(self) -> dict[str, Any]:
        """Return flat ground, with which evolution begins."""
        return cppn.flat()

    def novelty_features(self, task: Task) -> np.ndarray:
        """Return heights 10 steps apart, in metres: what tells grounds apart."""
        return _heights(task)[::_FEATURES]

    def heights(self, task: Task) -> np.ndarray:
        """Return the ground's heights at nodes half a terrain step apart, [K]."""
        return np.interp(np.arange(NODES) / 2, np.arange(LENGTH + 1), _heights(task))

    def lines(self, task: Task) -> Lines:
        """Return how high and steep the ground is, and what the network is made of."""
        heights = _heights(task)
        hidden = [cppn.KINDS[kind] for kind in task["kinds"][1:] if kind]
        steep = (
            f"{np.ptp(heights):.1f} m from lowest to highest, steepest {_steepness(heights):.2f}"
        )
        return [("ground", steep), ("hidden nodes", ", ".join(hidden) or "none")]


def _heights(task: Task) -> np.ndarray:
    """Return heights at terrain steps, [LENGTH + 1]: level at first, then the network's."""
    ground = np.zeros(LENGTH + 1)
    drawn = cppn.heights(task, _PLACES[_FLAT:])
    ground[_FLAT:] = drawn - drawn[0]
    return np.clip(ground, -HIGHEST, HIGHEST)


def _steepness(heights: np.ndarray) -> float:
    return float(np.abs(np.diff(heights)).max()) / STEP
