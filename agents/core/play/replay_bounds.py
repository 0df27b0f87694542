"""Whether what a checkpoint says of a replay buffer points inside of it."""

from __future__ import annotations

from collections.abc import Mapping

import torch


def check_bounds(state: Mapping[str, torch.Tensor], num_tasks: int, capacity: int) -> None:
    """Refuse counts and bounds that point outside of what is kept.

    Raises:
        ValueError: They do; names which.
    """
    written, recent, trials = (state[name] for name in ("written", "recent", "trials"))
    filled = {state[name].shape[:2] for name in state if name.startswith("field.")}
    longest = int(written.clamp(max=capacity).max()) if written.numel() else 0
    shapes = {"written": (num_tasks,), "recent": (num_tasks, 2), "trials": (len(trials), 3)}
    for name, shape in shapes.items():
        part = state[name]
        if tuple(part.shape) != shape or part.dtype != torch.int64 or (part < 0).any():
            raise ValueError(
                f"the saved replay buffer's {name!r} are no bounds of {num_tasks} tasks"
            )
    if filled != {(num_tasks, longest)}:
        raise ValueError(f"the saved replay buffer holds {filled}, not {(num_tasks, longest)}")
    task, start, end = trials.T
    if (task >= num_tasks).any() or (start >= end).any() or (end > written[task]).any():
        raise ValueError("the saved replay buffer has trials outside of what was written")
    if (recent[:, 0] > recent[:, 1]).any() or (recent[:, 1] > written).any():
        raise ValueError("the saved replay buffer's recent ones are outside of what was written")
