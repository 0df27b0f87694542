"""Plays a number of steps, across the ends of episodes."""

from __future__ import annotations

from collections.abc import Iterator

from .player import PlayedStep, Player


def unroll(player: Player, steps: int) -> Iterator[PlayedStep]:
    """Play `steps` steps in every row, across episodes.

    Args:
        player: A player whose environment was reset.
        steps: Number of steps of each row.

    Yields:
        Each step, of all rows.
    """
    for _ in range(steps):
        yield player.step()
