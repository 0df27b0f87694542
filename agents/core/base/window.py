"""The newest episodes, over which logged means run: kept, so that a resumed log goes on alike."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any


def window_of(agent: Any) -> dict[str, list]:
    """Return returns and lengths of an agent's newest episodes, and their successes, as JSON."""
    episodes = agent.ep_info_buffer or ()
    return {
        "episodes": [[float(one["r"]), int(one["l"])] for one in episodes],
        "successes": [float(one) for one in agent.ep_success_buffer or ()],
    }


def set_window(agent: Any, saved: Any) -> None:
    """Take back what `window_of` returned; a checkpoint from before has none.

    Raises:
        ValueError: It is something else.
    """
    saved = {} if saved is None else saved
    parts = [saved.get(name, []) for name in ("episodes", "successes")] if _is_dict(saved) else []
    numbers = [one for part in parts if isinstance(part, list) for one in _flat(part)]
    fine = len(parts) == 2 and all(isinstance(part, list) for part in parts)
    fine = fine and all(isinstance(one, list) and len(one) == 2 for one in parts[0])
    if not fine or not all(type(one) in (int, float) and math.isfinite(one) for one in numbers):
        raise ValueError(f"the window of newest episodes is {str(saved)[:80]}")
    size = agent._stats_window_size
    episodes = [{"r": one[0], "l": one[1], "t": 0.0} for one in parts[0]]
    agent.ep_info_buffer = deque(episodes, maxlen=size)
    agent.ep_success_buffer = deque(parts[1], maxlen=size)


def _is_dict(value: Any) -> bool:
    return isinstance(value, Mapping)


def _flat(part: list) -> list:
    return [one for entry in part for one in (entry if isinstance(entry, list) else [entry])]
