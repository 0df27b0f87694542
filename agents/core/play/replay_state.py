"""The checkpoint of a replay buffer. M tasks, C transitions kept per task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

Arrays = dict[str, np.ndarray]
Trials = list[list[tuple[int, int]]]  # starts and ends of whole trials, by task
Bounds = tuple[np.ndarray, np.ndarray, Trials]  # written [M], recent [M, 2], trials
Overwritten = tuple[int, np.ndarray, Arrays]  # a task, places [n], and their former content


def packed(
    arrays: Arrays, bounds: Bounds, overwritten: Sequence[Overwritten]
) -> dict[str, torch.Tensor]:
    """Return a buffer's state as new tensors.

    Args:
        arrays: Fields [M, C, ...].
        bounds: Which part of them is valid.
        overwritten: What to put back first, newest last.
    """
    written, recent, trials = bounds
    capacity = next(iter(arrays.values())).shape[1]
    longest = int(np.minimum(written, capacity).max())
    filled = {name: part[:, :longest].copy() for name, part in arrays.items()}
    for task, where, before in reversed(overwritten):
        inside = where < longest
        for name, part in filled.items():
            part[task, where[inside]] = before[name][inside]
    flat = [(task, *one) for task, many in enumerate(trials) for one in many]
    return {
        **{f"field.{name}": torch.from_numpy(part) for name, part in filled.items()},
        "written": torch.tensor(written),
        "recent": torch.tensor(recent),
        "trials": torch.tensor(flat, dtype=torch.int64).reshape(-1, 3),
    }


def check_bounds(state: Mapping[str, torch.Tensor], num_tasks: int, capacity: int) -> None:
    """Refuse counts and bounds that point outside the kept part.

    Raises:
        ValueError: They do; names the offender.
    """
    written, recent, trials = (state[name] for name in ("written", "recent", "trials"))
    filled = {state[name].shape[:2] for name in state if name.startswith("field.")}
    longest = int(written.clamp(max=capacity).max()) if written.numel() else 0
    shapes = {"written": (num_tasks,), "recent": (num_tasks, 2), "trials": (len(trials), 3)}
    for name, shape in shapes.items():
        part = state[name]
        if tuple(part.shape) != shape or part.dtype != torch.int64 or (part < 0).any():
            raise ValueError(
                f"the saved replay buffer's {name!r} does not bound the parts of {num_tasks} tasks"
            )
    if filled != {(num_tasks, longest)}:
        raise ValueError(f"the saved replay buffer holds {filled}, not {(num_tasks, longest)}")
    task, start, end = trials.T
    if (task >= num_tasks).any() or (start >= end).any() or (end > written[task]).any():
        raise ValueError("the saved replay buffer has trials outside of what was written")
    if (recent[:, 0] > recent[:, 1]).any() or (recent[:, 1] > written).any():
        raise ValueError("the saved replay buffer's recent ones are outside of what was written")
