"""The network that is the published rule: from windows of play, what a learner is to predict.

M learners, T steps, B windows of each, A actions; N = T B.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from ..core.nets import stacked
from ..core.nets.memory import Lstm
from .said import Said
from .values import taken
from .weights import INPUTS, LIFE_INPUTS, LIFE_UNITS, UNITS, WHERE

LIFE = 2 * LIFE_UNITS  # numbers that a life's memory carries
Shown = dict[str, list[tuple[torch.Tensor, torch.Tensor]]]


@dataclass(frozen=True)
class Told:
    """What the rule is told of steps."""

    actions: torch.Tensor  # from 0, int64 [M, T, B]
    continues: torch.Tensor  # 0 where the episode ended, [M, T, B]
    plain: tuple[torch.Tensor, ...]  # nine numbers, each [M, T, B]
    by_action: tuple[torch.Tensor, ...]  # three probabilities, each [M, T, B, A]
    of_values: tuple[torch.Tensor, ...]  # three action values, each [M, T, B, A]
    said: Said  # probabilities of "policy", "y" and "z"
    slow: Said  # those of the learner's slow copy


class Wanted(NamedTuple):
    """What the rule asks for, as logits, and its memory of the life after this."""

    policy: torch.Tensor  # [M, T, B, A]
    y: torch.Tensor  # [M, T, B, 600]
    z: torch.Tensor  # [M, T, B, 600]
    life: torch.Tensor  # [M, 256]


class DiscoMetaNetwork(nn.Module):
    """The rule; one for all learners. It is not trained here.

    Args:
        parts: Its arrays, from `read_weights` or `translated`.
        known: Whether they are the rule, and not to be replaced by it before use.

    Source:
        Oh et al. 2025 (doi 10.1038/s41586-025-09761-x), and the code published with it.
    """

    known: torch.Tensor

    def __init__(self, parts: Mapping[str, torch.Tensor], known: bool = True):
        super().__init__()
        self.register_buffer("known", torch.tensor(known))
        self.layout = stacked.Layout({name: tuple(part.shape) for name, part in parts.items()})
        whole = self.layout.flatten({name: part[None] for name, part in parts.items()})
        self.flat = nn.Parameter(whole[0], requires_grad=False)
        self._memory, self._life = Lstm(INPUTS, UNITS), Lstm(LIFE_INPUTS, LIFE_UNITS)

    def check_known(self) -> None:
        """Refuse to teach without a rule.

        Raises:
            ValueError: Saying how to get one.
        """
        if not self.known:
            raise ValueError(
                f"weights=None: DiscoRL learns by a published rule; give its file, {WHERE}, or "
                '"random" for one that teaches nothing'
            )

    @torch.no_grad()
    def forward(self, told: Told, life: torch.Tensor) -> Wanted:
        """Return what is asked of learners whose lives have the memories `life` [M, 256]."""
        self.check_known()
        learners, steps, windows = told.actions.shape
        parts = self.layout.unflatten(self.flat.expand(learners, -1))
        shown = _all_embedded(parts, told)
        seen, by_action = _features(parts, "", told, shown)
        start = seen.new_zeros(learners, windows, self._memory.state_size)
        resets = (told.continues == 0).transpose(0, 1)
        own = _own(parts, "memory.")
        read, _ = self._memory.run(own, seen.transpose(0, 1).flip(0), start, resets.flip(0))
        gate = _layer(parts, "gate", life[:, None, :LIFE_UNITS])
        read = read.flip(0).transpose(0, 1) * gate.reshape(learners, 1, 1, -1)
        actions = by_action.shape[3]
        wide = read.unsqueeze(3).expand(-1, -1, -1, actions, -1)
        policy = _over_actions(parts, "to_policy.0", torch.cat([wide, by_action], dim=-1))
        y = _layer(parts, "to_y", read)
        more = _layer(parts, "told", read), _embedded(parts, "life.y", y.softmax(dim=-1))
        seen, _ = _features(parts, "life.", told, shown)
        short = _layer(parts, "life.input", torch.cat([seen, *more], dim=-1))
        mean = short.reshape(learners, steps * windows, -1).mean(dim=1, keepdim=True)
        _, after = self._life.step(_own(parts, "life.memory."), mean, life.unsqueeze(1))
        return Wanted(
            policy=_layer(parts, "to_policy.1", policy).squeeze(-1),
            y=y,
            z=_layer(parts, "to_z", read),
            life=after.squeeze(1),
        )


def _all_embedded(parts: stacked.Parts, told: Told) -> Shown:
    """Return two numbers for each prediction: for what reads windows, and for lives' memory.

    By name: those of the learner and of its slow copy, now and after, each [M, ..., 2].
    """

    def embedded(name: str, probabilities: torch.Tensor) -> torch.Tensor:
        names = name, f"life.{name}"
        first = {
            f"{name}.0.{kind}": torch.cat([parts[f"{one}.0.{kind}"] for one in names], dim=1)
            for kind in ("weight", "bias")
        }  # one product for both: the predictions are large
        hidden = torch.relu(_layer(first, f"{name}.0", probabilities)).chunk(2, dim=-1)
        each = [_layer(parts, f"{one}.1", part) for one, part in zip(names, hidden, strict=True)]
        return torch.cat(each, dim=-1)

    return {
        name: [said.pair(name, partial(embedded, name)) for said in (told.said, told.slow)]
        for name in ("y", "z")
    }


def _features(
    parts: stacked.Parts, of: str, told: Told, shown: Shown
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a memory reads of each step [M, T, B, 27], and of each action [..., A, 2].

    Args:
        parts: The rule's arrays.
        of: `""`, or `"life."` for what the memory of lives reads.
        told: What there is.
        shown: Its predictions, from `_all_embedded`.
    """
    which = 1 if of else 0
    numbers = [one.unsqueeze(-1) for one in told.plain]
    numbers += [part[..., which, None] for pair in shown["y"] for part in pair]
    each = list(told.by_action)
    for now, after in shown["z"]:
        pair = now[..., which], after[..., which]
        both = list(zip(pair, told.said.pair("policy"), strict=True))
        numbers.append(taken(pair[0], told.actions).unsqueeze(-1))
        numbers += [(z * policy).sum(dim=-1, keepdim=True) for z, policy in both]
        numbers += [z.amax(dim=-1, keepdim=True) for z in pair]
        each.append(pair[0])
    chosen = nn.functional.one_hot(told.actions, each[0].shape[-1]).to(each[0].dtype)
    by_action = torch.stack([*each, *told.of_values, chosen], dim=-1)
    for layer in range(2):
        by_action = _over_actions(parts, f"{of}actions.{layer}", by_action)
    numbers += [by_action.mean(dim=3), taken(by_action, told.actions)]
    return torch.cat(numbers, dim=-1), by_action


def _over_actions(parts: stacked.Parts, name: str, values: torch.Tensor) -> torch.Tensor:
    """Apply a layer to each action's numbers [M, T, B, A, C] beside the mean of all actions'."""
    mean = values.mean(dim=3, keepdim=True).expand_as(values)
    return torch.relu(_layer(parts, name, torch.cat([values, mean], dim=-1)))


def _embedded(parts: stacked.Parts, name: str, probabilities: torch.Tensor) -> torch.Tensor:
    """Return one number [..., 1] for each prediction [M, ..., 600]."""
    hidden = torch.relu(_layer(parts, f"{name}.0", probabilities))
    return _layer(parts, f"{name}.1", hidden)


def _layer(parts: stacked.Parts, name: str, values: torch.Tensor) -> torch.Tensor:
    """Apply a linear layer to [M, ..., I]."""
    flat = values.reshape(len(values), -1, values.shape[-1])
    found = stacked.linear(flat, parts[f"{name}.weight"], parts[f"{name}.bias"])
    return found.reshape(*values.shape[:-1], -1)


def _own(parts: stacked.Parts, prefix: str) -> stacked.Parts:
    return {k.removeprefix(prefix): part for k, part in parts.items() if k.startswith(prefix)}
