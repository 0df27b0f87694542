"""The episodes that DREAM learns from, cut out of trials. T steps, B trials, D inputs, C codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from ..core.play.replay import TaskReplay
from ..core.play.trials import Trials

Fields = dict[str, np.ndarray]  # of the steps of one episode and what it ended with, [n + 1, ...]


class Episodes(NamedTuple):
    """Some episodes, padded to the longest; time-major."""

    inputs: torch.Tensor  # before each step and after the last one, [T + 1, B, D]
    actions: torch.Tensor  # indices, [T, B]
    rewards: torch.Tensor  # [T, B]
    terminated: torch.Tensor  # 1 where nothing follows, [T, B]
    codes: torch.Tensor  # of the problems, [B, C]
    seen: torch.Tensor  # 1 where there is an input, [T + 1, B]
    mask: torch.Tensor  # 1 where a step was played, [T, B]


def store(capacity: int, input_size: int, code_size: int, of_bytes: bool = False) -> TaskReplay:
    """Return a buffer for episodes.

    Args:
        capacity: Steps kept.
        input_size: D.
        code_size: C.
        of_bytes: Whether inputs are bytes, as where there are frames.
    """
    fields: dict[str, tuple[int, ...]] = {"inputs": (input_size,), "codes": (code_size,)}
    fields = {**fields, "actions": (), "rewards": (), "terminated": ()}
    return TaskReplay(1, capacity, fields, ("inputs",) if of_bytes else ())


def draw(replay: TaskReplay, count: int, rng: np.random.Generator, device: Any) -> Episodes:
    """Draw episodes with replacement.

    Args:
        replay: What `store` returned, with some episodes.
        count: B.
        rng: Generator to draw with.
        device: Where to put them.
    """
    fields, seen = replay.sample_trials(np.zeros(count, dtype=np.int64), rng)
    parts = {name: torch.from_numpy(part).to(device) for name, part in fields.items()}
    there = torch.from_numpy(seen).to(device)
    return Episodes(
        inputs=parts["inputs"],
        actions=parts["actions"][:-1].long(),
        rewards=parts["rewards"][:-1],
        terminated=parts["terminated"][:-1],
        codes=parts["codes"][0],
        seen=there,
        mask=there[1:],
    )


def cut(trials: Trials, exploration_episodes: int) -> Iterator[tuple[bool, Fields]]:
    """Yield the episodes of trials: whether they explore, and their fields.

    The episodes that explore are one; after it nothing follows.

    Args:
        trials: With `successors` (whole inputs), `terminated`, and codes as `tasks`.
        exploration_episodes: Episodes of each trial that explore.
    """
    assert trials.successors is not None and trials.terminated is not None
    assert trials.tasks is not None
    arrays = {
        "inputs": trials.inputs.numpy(),
        "actions": trials.actions.numpy(),
        "rewards": trials.rewards.numpy(),
        "terminated": trials.terminated.numpy(),
        "codes": trials.tasks.numpy(),
    }
    successors, ends = trials.successors.numpy(), trials.ends.numpy()
    for column in range(ends.shape[1]):
        after = np.flatnonzero(ends[:, column]) + 1
        begins = 0
        for number, end in enumerate(after[exploration_episodes - 1 :].tolist()):
            part = {name: array[begins:end, column] for name, array in arrays.items()}
            fields = {name: longer(one) for name, one in part.items()}
            fields["inputs"][-1] = successors[end - 1, column]
            fields["codes"][-1] = fields["codes"][0]
            if number == 0:
                fields["terminated"][-2] = 1.0
            yield number == 0, fields
            begins = end


def longer(steps: np.ndarray) -> np.ndarray:
    """Return steps [n, ...] with a further one of zeros, float32 (or uint8) [n + 1, ...]."""
    kind = np.uint8 if steps.dtype == np.uint8 else np.float32
    longer = np.zeros((len(steps) + 1, *steps.shape[1:]), dtype=kind)
    longer[:-1] = steps
    return longer
