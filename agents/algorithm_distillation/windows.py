"""Windows of learning histories. T steps of a window, B windows, D inputs; time-major.

H histories of S steps in all; the episodes of a history follow each other as they were played.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from meta_envs.core import batches

from ..core.losses.finite import check_tensors
from ..core.nets.step_inputs import StepInputs
from ..core.play import episode_arrays
from ..core.play.demonstrations import Demonstration, DemonstrationSet


class Window(NamedTuple):
    """Some windows, padded to the longest."""

    inputs: torch.Tensor  # [T, B, D]
    actions: torch.Tensor  # what was done then, [T, B, ...]
    mask: torch.Tensor  # 1 where a step was played, [T, B]


class Windows:
    """Draws windows of whole histories; a window may begin in any step that leaves it full.

    Args:
        given: Episodes, history by history.
        n_episodes: Episodes of each history.
        keep_every: Of a history every this many episodes are kept, from the first on.
        length: Steps of a window; shorter histories are taken whole.
        builder: Makes the inputs.

    Raises:
        ValueError: If the episodes are no whole histories, or lack actions or rewards.
    """

    def __init__(
        self,
        given: DemonstrationSet,
        n_episodes: int,
        keep_every: int,
        length: int,
        builder: StepInputs,
    ):
        if len(given) % n_episodes:
            raise ValueError(
                f"the histories hold {len(given)} episodes, which is no multiple of n_episodes="
                f"{n_episodes}: a history is the episodes of one learner, from its first on"
            )
        kept = [
            given.episodes[first : first + n_episodes : keep_every]
            for first in range(0, len(given), n_episodes)
        ]
        parts = [_steps(one, builder) for one in kept]
        self.lengths = np.array([len(actions) for _, actions in parts])  # [H]
        self.begins = np.cumsum(self.lengths) - self.lengths
        self.length = length
        self.inputs = torch.from_numpy(np.concatenate([inputs for inputs, _ in parts]))
        self.actions = torch.from_numpy(np.concatenate([actions for _, actions in parts]))
        tensors = {"inputs": builder.numbers(self.inputs), "actions": self.actions}
        check_tensors("recorded", tensors.items(), "correct the histories")

    def draw(self, random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        """Draw windows with replacement: the first step and the number of steps, [*shape, 2]."""
        history = random.integers(len(self.lengths), size=shape)
        count = np.minimum(self.lengths[history], self.length)
        start = random.integers(self.lengths[history] - count + 1)
        return np.stack([self.begins[history] + start, count], axis=-1)

    def take(self, drawn: torch.Tensor, device: torch.device) -> Window:
        """Return windows that were drawn.

        Args:
            drawn: First steps and numbers of steps, int64 [B, 2].
            device: Where to put them.
        """
        start, count = drawn[:, 0], drawn[:, 1]
        time = torch.arange(int(count.max()))[:, None]
        mask = time < count
        where = torch.where(mask, start + time, start)
        return Window(
            self.inputs[where].to(device),
            self.actions[where].to(device),
            mask.to(device, torch.float32),
        )


def _steps(history: Sequence[Demonstration], builder: StepInputs) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs [S, D] and the actions [S, ...] of a history, as a memory is shown them."""
    for index, one in enumerate(history):
        for name in ("actions", "rewards"):
            if getattr(one, name) is None:
                raise ValueError(
                    f"episode {index} of a history has no {name}; how somebody learns shows in "
                    "both (agents.record keeps them)"
                )
    steps = [len(one) for one in history]
    actions = np.concatenate([np.asarray(one.actions) for one in history])
    rewards = np.concatenate([np.asarray(one.rewards) for one in history])
    seen = [one.observations for one in history]
    observations = episode_arrays.joined(
        [batches.take(part, np.arange(count)) for part, count in zip(seen, steps, strict=True)]
    )
    starts = np.zeros(len(rewards), dtype=bool)
    starts[np.cumsum(steps) - steps] = True
    before = np.zeros((len(rewards), builder.action_size), dtype=np.float32)
    before[1:] = builder.flat_actions(actions)[:-1]
    earned = np.zeros(len(rewards))
    earned[1:] = rewards[:-1]
    return builder.build(observations, before, earned, starts), np.ascontiguousarray(actions)
