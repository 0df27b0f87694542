"""Playing a number of steps, through the ends of episodes."""

from __future__ import annotations

from collections.abc import Iterator

from .player import PlayedStep, Player


def unroll(player: Player, steps: int) -> Iterator[PlayedStep]:
    """Play `steps` steps in every row, whichever episodes they are of.

    Args:
        player: Its environment was reset.
        steps: A number of steps of each row.

    Yields:
        Each step, of all rows.
    """
    for _ in range(steps):
        yield player.step()
