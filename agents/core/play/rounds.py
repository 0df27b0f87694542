"""Plays episodes that are assigned beforehand. N rows, R that play, K episodes a row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .player import PlayedStep, Player


def rounds(
    player: Player, count: int, rows_per_task: int = 1
) -> Iterator[tuple[PlayedStep, np.ndarray, np.ndarray]]:
    """Play `count` episodes in every row; a row that has finished rests.

    Rows that share a task wait for each other: episode k + 1 begins once all of them have
    ended episode k.

    Args:
        player: A player whose environment was reset.
        count: K.
        rows_per_task: Number of neighbouring rows that wait for each other.

    Yields:
        Each step, the rows that played it [R], and the index of its episode, from 0, [R].
    """
    num_rows = player.venv.num_envs
    ended = np.zeros(num_rows, dtype=np.int64)  # episodes
    waiting = np.zeros(num_rows, dtype=bool)
    together = rows_per_task > 1
    while (playing := (ended < count) & ~waiting).any():
        rows = np.flatnonzero(playing)
        step = player.step(None if len(rows) == num_rows else rows)
        yield step, rows, ended[rows]
        over = rows[step.ended]
        ended[over] += 1
        player.venv.unwrapped.rest(over if together else over[ended[over] >= count])
        if together and over.size:
            waiting[over] = True
            tasks = waiting.reshape(-1, rows_per_task).all(axis=1)
            ready = np.repeat(tasks, rows_per_task) & (ended < count)
            if ready.any():
                player.reset(options={"reset_mask": ready.copy(), "keep_task": True})
                waiting[ready] = False
