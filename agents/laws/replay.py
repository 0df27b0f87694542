"""A recorded environment that replays observations and rewards whatever the actions.

N rows of the record, R of them that are replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from meta_envs.core import batches

from ..core.play.player import Player


class Record:
    """Plays an environment with random actions and records it.

    Args:
        venv: The batch of rows.
        steps: T.
        seed: Of row 0.
    """

    def __init__(self, venv: Any, steps: int, seed: int):
        venv.action_space.seed(seed)
        self.first, self.infos = venv.reset(seed=seed)
        self.first = batches.copy(self.first)
        self.moves: list[tuple[Any, ...]] = []
        for _ in range(steps):
            *outcome, infos = venv.step(venv.action_space.sample())
            arrays = {key: batches.copy(one) for key, one in infos.items() if _of_rows(key, one)}
            self.moves.append((*(batches.copy(part) for part in outcome), arrays))


class Replay:
    """Some rows of a record as a batch, for a `Player`.

    Args:
        venv: A batch with as many rows, which provides spaces and API.
        record: The record to replay.
        rows: Which rows of the record, in order [R].
    """

    def __init__(self, venv: Any, record: Record, rows: Sequence[int]):
        self._venv, self._record = venv, record
        self._rows = np.asarray(rows)
        self._next = 0

    def __getattr__(self, name: str) -> Any:
        """Read an attribute of the batch."""
        return getattr(self._venv, name)

    def reset(self, **_: Any) -> tuple[Any, dict[str, Any]]:
        """Show the record's first observations."""
        start = np.ones(len(self._rows), dtype=bool)
        return batches.take(self._record.first, self._rows), {"trial_start": start}

    def step(self, actions: Any) -> tuple[Any, ...]:
        """Show the record's next step."""
        move = self._record.moves[self._next]
        self._next += 1
        infos = {key: batches.take(part, self._rows) for key, part in move[-1].items()}
        return *(batches.take(part, self._rows) for part in move[:-1]), infos


def actions_of(loop: Any, replay: Replay, steps: int, turns: Sequence[Any]) -> list[np.ndarray]:
    """Return a learner's actions in a replay, [R, ...] for each of T steps.

    Args:
        loop: The learner, with empty experience.
        replay: The environment.
        steps: T.
        turns: The rows [R'] that act together, one group after the other; [None] means all at once.
    """
    player = Player(replay, loop)
    player.reset(0)
    loop.reset()
    if list(turns) == [None]:
        return [np.array(player.step().action) for _ in range(steps)]
    seen = []
    for _ in range(steps):
        parts: dict[int, Any] = {}
        begun, shown = replay._next, player.observations
        for rows in turns:
            replay._next, player.observations = begun, shown
            parts.update(zip(rows, player.step(np.asarray(rows)).action, strict=True))
        seen.append(np.stack([np.asarray(parts[row]) for row in sorted(parts)]))
    return seen


def _of_rows(key: str, part: Any) -> bool:
    return isinstance(part, np.ndarray) or key == "final_obs"
