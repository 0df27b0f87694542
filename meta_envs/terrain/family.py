"""A planar walker on POET's evolving ground."""

from __future__ import annotations

from typing import Any

from . import genes
from .ground import GeneGrounds
from .walker import Walker


class Terrain(GeneGrounds, Walker):
    """POET's walker on rough ground with pits, stumps and stairs, which are the task.

    Tasks:
        `ground_roughness` (multiplies the ground's random slope); the intervals that widths of
        pits (`pit_gap`) and heights of stumps and stairs (`stump_height`, `stair_height`) are drawn
        from, in terrain steps of 14/30 m, (0, 0) for none; `stair_steps`; and `terrain_seed`, which
        draws everything else, so a task is one certain ground.
    Observation:
        `Box(-inf, inf, (24,), float32)`: the hull's angle, angular velocity / 25, velocity .12 x
        and .08 z (m/s); for each leg hip angle, hip speed / 4, knee angle + 1, knee speed / 6, and
        whether the foot touches the ground; then ten lidar rays from the hull, from straight down
        to 1.35 rad ahead, as shares of 16/3 m.
    Action:
        `Box(-1, 1, (4,), float32)` for hip and knee of both legs: its sign is the direction in
        which a motor aims at 4 or 6 rad/s, its size the share of 80 N m that it may use.
    Reward:
        130/30 a metre forwards, minus 5 times the growth of the hull's angle, minus .028 times the
        sum of the actions' sizes; -100 in a step in which the hull touches the ground or leaves
        the start backwards. A return of 230 counts as solved.
    Episode:
        Begins standing on flat ground, slightly pushed. Terminates at a fall, 88.7 m from the
        beginning of the ground (`infos["success"]`), or where physics diverges
        (`infos["physics_diverged"]`, reward 0). Truncated after 2,000 steps of 1/50 s.
    Splits:
        `train` and `test` follow the same distribution, on even and odd terrain seeds: every kind
        of obstacle in half of the terrains, genes uniform below the paper's thresholds of
        difficulty (stump 2.4, pit 6, roughness 4.5). `"ood"` reaches at least one of them; genes
        are uniform up to the largest values. In `"all"`, mutations may lead anywhere.
    Source:
        Wang et al. 2019 (POET, arXiv 1901.01753) and uber-research/poet, branch original_poet;
        Gymnasium's BipedalWalker. Differences: MuJoCo instead of Box2D; the hull is a box and legs
        have round ends; walls slope over half a terrain step (7/30 m), as the ground is a height
        field; the first obstacle is at least 22 steps from the start of the ground (there 20), so
        that the first observation shows no task.
    Versions:
        v0.

    Args:
        source: `"release"`, or `"paper"`, where pits may be 10 steps wide instead of 8.
        stairs: Whether there may be stairs; POET's public run had none.
        threads: Threads that step rows; None: one per CPU. Results do not depend on it.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    def __init__(
        self,
        source: str = "release",
        stairs: bool = False,
        threads: int | None = None,
        **core: Any,
    ):
        self._take_genes(source, stairs)
        super().__init__(genes.task_space(self.source), threads, **core)
