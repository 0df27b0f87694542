"""Trials from which a belief is learnt, and the buffer of recent ones.

T steps, B trials (one a column), D inputs of the encoder, O observation, A action, K task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch.nn import functional

from meta_envs.core.memory import refuse_beyond_memory
from meta_envs.wrappers import TrialObservation

from ..core.play.trials import Trials


@dataclass
class Transitions:
    """Whole trials as transitions, padded to the longest."""

    inputs: torch.Tensor  # what the encoder sees after each step, [T, B, D]
    before: torch.Tensor  # flat observation before the step, [T, B, O]
    actions: torch.Tensor  # flat, [T, B, A]
    after: torch.Tensor  # flat true successor, [T, B, O]
    rewards: torch.Tensor  # raw, [T, B]
    mask: torch.Tensor  # 1 where a step was played, [T, B]
    tasks: torch.Tensor  # flat, [T, B, K]; K is 0 if no loss uses them

    @property
    def belief_mask(self) -> torch.Tensor:
        """1 for the prior and for each belief after a step that was played, [T + 1, B]."""
        return torch.cat([torch.ones_like(self.mask[:1]), self.mask])

    @property
    def believed_tasks(self) -> torch.Tensor:
        """The task of the step that follows each belief; the last one's is its own, [T + 1, B, K].

        Tasks may change within a trial.
        """
        last = (self.mask.sum(dim=0).long() - 1).clamp(min=0)
        belief = torch.arange(len(self.mask) + 1, device=self.mask.device)[:, None]
        column = torch.arange(self.mask.shape[1], device=self.mask.device)
        return self.tasks[torch.minimum(belief, last), column]

    def columns(self, index: torch.Tensor) -> Transitions:
        """Return some of the trials."""
        return Transitions(**{name: part[:, index] for name, part in vars(self).items()})

    def to(self, device: torch.device) -> Transitions:
        """Return the same on a device."""
        return Transitions(**{name: part.to(device) for name, part in vars(self).items()})


def transitions_of(trials: Trials, builder: TrialObservation) -> Transitions:
    """Rearrange collected trials.

    After a step the encoder sees what the policy's next input shows: observation, action, reward
    and whether an episode starts. After a trial's last step, which no input follows, the encoder
    sees the step's true successor.

    Args:
        trials: With `successors`; their inputs hold raw rewards.
        builder: Builder of the inputs.
    """
    assert trials.successors is not None and builder.observation_size is not None
    size = builder.observation_size
    steps, columns = trials.mask.shape
    flat = builder.flat_actions(trials.actions.reshape(steps * columns, -1).squeeze(-1).numpy())
    actions = torch.from_numpy(flat).reshape(steps, columns, -1)
    goes_on = trials.continues[..., None] > 0
    following = torch.cat([trials.inputs[1:, :, :size], trials.successors[-1:]])
    shown = torch.where(goes_on, following, trials.successors)
    starts = (trials.ends[..., None] & goes_on).to(shown.dtype)
    inputs = torch.cat([shown, actions, trials.rewards[..., None], starts], dim=-1)
    tasks = torch.zeros(steps, columns, 0) if trials.tasks is None else trials.tasks
    played = trials.mask[..., None]
    return Transitions(
        inputs=inputs * played,
        before=trials.inputs[..., :size] * played,
        actions=actions * played,
        after=trials.successors * played,
        rewards=trials.rewards * trials.mask,
        mask=trials.mask,
        tasks=tasks * played,
    )


class TrialBuffer:
    """The most recent trials, whatever policy played them; kept in checkpoints.

    It is a list of collections, which are never changed: the oldest is dropped as soon as the
    others suffice.

    Args:
        capacity: Minimum number of trials to keep, once there are that many.
    """

    def __init__(self, capacity: int):
        self.capacity = capacity
        self.parts: list[Transitions] = []
        self._joined: Transitions | None = None

    def __len__(self) -> int:
        """Return the number of trials."""
        return sum(part.mask.shape[1] for part in self.parts)

    def add(self, trials: Transitions) -> None:
        """Take the trials of one collection.

        Raises:
            MemoryError: If the machine lacks the memory for all trials to be kept; says how much is
                needed, at the first collection.
        """
        if not self.parts:
            numbers = sum(part.numel() for part in vars(trials).values())
            each = 2 * 4 * numbers // trials.mask.shape[1]  # the kept copy and the joined one
            what = f"vae_buffer_size={self.capacity} trials of {len(trials.mask)} steps"
            refuse_beyond_memory(self.capacity, each, what)
        self.parts.append(trials.columns(torch.arange(trials.mask.shape[1])[-self.capacity :]))
        while len(self) - self.parts[0].mask.shape[1] >= self.capacity:
            self.parts.pop(0)
        self._joined = None

    def sample(self, index: torch.Tensor) -> Transitions:
        """Return the trials at these places in the buffer; 0 is the oldest."""
        if self._joined is None:
            self._joined = _join(self.parts)
        return self._joined.columns(index)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what a checkpoint keeps."""
        return {
            f"{place}.{name}": tensor
            for place, part in enumerate(self.parts)
            for name, tensor in vars(part).items()
        }

    def load_tensors(self, tensors: Mapping[str, Any]) -> None:
        """Restore what `tensors` returned."""
        count = len(tensors) // len(fields(Transitions))
        names = [field.name for field in fields(Transitions)]
        self.parts = [
            Transitions(**{name: tensors[f"{place}.{name}"] for name in names})
            for place in range(count)
        ]
        self._joined = None


def _join(parts: Sequence[Transitions]) -> Transitions:
    """Put trials side by side, padded to the longest."""
    longest = max(len(part.mask) for part in parts)
    joined = {}
    for field in fields(Transitions):
        each = [getattr(part, field.name) for part in parts]
        padded = [
            functional.pad(one, [0, 0] * (one.dim() - 1) + [0, longest - len(one)]) for one in each
        ]
        joined[field.name] = torch.cat(padded, dim=1)
    return Transitions(**joined)
