"""A hand in the plane that has to push one of five blocks to a place. N rows, R some of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .family import Locomotion
from .places import BLOCKS

_HAND = 3  # coordinates of the hand, before those of the blocks


class BlockPushing(Locomotion):
    """A hand that has to find out which of five blocks to push where.

    Tasks:
        `"block"`: which block, 0 to 4. `"layout"`: where they begin, x uniform in 0.35 to 0.65 m
        and y in a strip for each block, 0.2 m wide, within -0.5 to 0.5 m. `"goal"`: where that
        block has to go, x uniform in 0.75 to 0.95 m, y uniform in the block's strip.
    Observation:
        `Box(-inf, inf, (26,), float64)`: the hand's x, y (m) and angle (rad), x and y of the five
        blocks (m), and the velocities of all these, m/s and rad/s. The layout belongs to the task,
        so the first observation shows it; it says nothing of the block and the goal.
    Action:
        Forces on the hand along x and y and its torque, as a share of 2 N and 2 N m,
        `Box(-1, 1, (3,), float32)`; clipped. They cost nothing. A hand at full speed (4 m/s)
        can pass a block within a step, as in the source.
    Reward:
        -5 * the distance of the block to the goal (m). With `sparse_radius` (0.2 in the source's
        tests) a block farther than that pays -5 * the goal's distance from the origin.
    Episode:
        Begins with the hand at the origin and everything at rest. Does not terminate; truncated
        after 100 steps of 10 ms.
    Splits:
        `train` and `test` are separated by the parity of fine cells of the goal's x.
    Source:
        Gupta et al. 2018 (MAESN), its object manipulation: 100 tasks for training and 100 for
        testing, drawn once; here they are drawn afresh. Trained dense, tested sparse. Our MJCF has
        its sizes; blocks do not touch the table, which is frictionless there.
    Versions:
        v0.

    Args:
        **rest: As for `Locomotion`.
    """

    start_shows = ("layout",)
    more_arguments = ("source", "contact_forces", "threads", *Locomotion.more_arguments)

    def __init__(self, **rest: Any):
        super().__init__("block_pusher", "push", **rest)

    def _first_states(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        positions, velocities = super()._first_states(rows)
        positions[:, _HAND:] = self.tasks["layout"][rows].reshape(len(rows), -1)
        return positions, velocities

    def _rewards(
        self,
        actions: np.ndarray,
        read: dict[str, np.ndarray],
        place: np.ndarray,
        speed: np.ndarray,
        healthy: np.ndarray,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        blocks = read["qpos"][:, _HAND:].reshape(-1, BLOCKS, 2)
        chosen = blocks[self.every_row, self.tasks["block"]]
        return super()._rewards(actions, read, chosen, speed, healthy)
