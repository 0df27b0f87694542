"""The networks of MetaGenRL. M learners, T steps of a window, B windows of each, A action numbers.

The learnt objective is one network for all learners, of any number of action numbers: each is
seen by itself, beside what the policy would do now, and the mean goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from ..core.nets import stacked
from ..core.nets.backward_rnn import BackwardRnn

_EMBED, _SIZE, _LAYERS = 8, 32, 3
_OTHERS = 4  # reward, value, temporal difference, place in the window
_FURTHEST = 1e3  # of an objective's output


class Critics:
    """Many learners' twin critics, relu layers on an observation and an action.

    Args:
        inputs: Numbers of observation and action.
        widths: Widths of the layers.
    """

    def __init__(self, inputs: int, widths: Sequence[int]):
        self._sizes = list(pairwise([inputs, *widths, 1]))
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (before, after) in enumerate(self._sizes):
            shapes |= {f"{layer}.weight": (after, before), f"{layer}.bias": (after,)}
        self.layout = stacked.Layout(shapes)

    def begin(self, seeds: Sequence[int]) -> torch.Tensor:
        """Draw parameters of twins, [M, 2, P]."""
        last = len(self._sizes) - 1

        def draw(generator: torch.Generator) -> stacked.Parts:
            return {
                name: stacked.orthogonal(
                    shape, 1.0 if name == f"{last}.weight" else 2**0.5, generator
                )
                if name.endswith("weight")
                else torch.zeros(shape)
                for name, shape in self.layout.shapes.items()
            }

        twins = [2 * int(seed) + twin for seed in seeds for twin in range(2)]
        return stacked.begin(self.layout, twins, draw).reshape(len(seeds), 2, -1)

    def forward(
        self, params: torch.Tensor, inputs: torch.Tensor, actions: torch.Tensor
    ) -> torch.Tensor:
        """Return values [M, K, N] of K critics [M, K, P], for N states and actions [M, N, ...]."""
        learners, twins = params.shape[:2]
        parts = self.layout.unflatten(params.flatten(0, 1))
        both = torch.cat([inputs, actions], dim=-1).unsqueeze(1)
        hidden = both.expand(-1, twins, -1, -1).flatten(0, 1)
        for layer in range(len(self._sizes)):
            hidden = stacked.linear(hidden, parts[f"{layer}.weight"], parts[f"{layer}.bias"])
            hidden = hidden if layer == len(self._sizes) - 1 else torch.relu(hidden)
        return hidden.reshape(learners, twins, -1)


class Objective(nn.Module):
    """What policies minimise: a network that reads a window of steps backwards.

    Args:
        seed: Seed of its initial weights.
        mirror: See each action number in both directions, and take the mean.

    Source:
        Kirsch et al. 2020 (arXiv 1910.04098), section 4.2 and appendix B; layers as in the code
        published with it.
    """

    def __init__(self, seed: int, mirror: bool = False):
        super().__init__()
        self.mirror = mirror
        self.rnn = BackwardRnn(2 * _EMBED, _SIZE, _SIZE)
        shapes: dict[str, tuple[int, ...]] = {
            **{"actions.weight": (_EMBED, 2), "actions.bias": (_EMBED,)},
            **{"others.weight": (_EMBED, _OTHERS), "others.bias": (_EMBED,)},
            **{f"rnn.{name}": shape for name, shape in self.rnn.shapes.items()},
        }
        for layer in range(_LAYERS):
            outputs = _SIZE if layer < _LAYERS - 1 else 1
            shapes |= {f"{layer}.weight": (outputs, _SIZE), f"{layer}.bias": (outputs,)}
        self.layout = stacked.Layout(shapes)
        self.flat = nn.Parameter(stacked.begin(self.layout, [seed], self._draw)[0])

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        drawn = {f"rnn.{name}": part for name, part in self.rnn.begin(generator).items()}
        for name, shape in self.layout.shapes.items():
            if not name.startswith("rnn."):
                is_weight = name.endswith("weight")
                drawn[name] = (
                    stacked.orthogonal(shape, 1.0, generator) if is_weight else torch.zeros(shape)
                )
        return drawn

    def forward(
        self,
        actions: torch.Tensor,
        chosen: torch.Tensor,
        others: torch.Tensor,
        continues: torch.Tensor,
    ) -> torch.Tensor:
        """Return the objective of each step, [T, M, B].

        Args:
            actions: Those that were taken, in [-1, 1], [T, M, B, A].
            chosen: What the policy would do now, likewise; gradients pass through it.
            others: Reward, value of this state, and temporal difference, [T, M, B, 3].
            continues: 0 where the episode ended with the step, [T, M, B].
        """
        steps, learners, windows, size = actions.shape
        parts = self.layout.unflatten(self.flat.expand(learners, -1))
        pairs = torch.stack([actions, chosen], dim=-1).transpose(0, 1).reshape(learners, -1, 2)
        layer = parts["actions.weight"], parts["actions.bias"]
        seen = torch.relu(stacked.linear(pairs, *layer))
        if self.mirror:
            seen = (seen + torch.relu(stacked.linear(-pairs, *layer))) / 2
        seen = seen.reshape(learners, steps, windows, size, _EMBED).mean(dim=3)
        place = torch.arange(steps, dtype=others.dtype) / steps
        place = place.reshape(-1, 1, 1, 1).expand(steps, learners, windows, 1)
        more = torch.cat([others, place], dim=-1).transpose(0, 1).reshape(learners, -1, _OTHERS)
        more = torch.relu(stacked.linear(more, parts["others.weight"], parts["others.bias"]))
        inputs = torch.cat([seen, more.reshape(learners, steps, windows, _EMBED)], dim=-1)
        own = {name[4:]: part for name, part in parts.items() if name.startswith("rnn.")}
        read = self.rnn.forward(own, inputs.transpose(0, 1), continues)
        hidden = read.transpose(0, 1).reshape(learners, steps * windows, _SIZE)
        for number in range(_LAYERS):
            hidden = _mixed(hidden)
            hidden = stacked.linear(hidden, parts[f"{number}.weight"], parts[f"{number}.bias"])
        found = torch.tanh(hidden / _FURTHEST) * _FURTHEST
        return found.reshape(learners, steps, windows).transpose(0, 1)


def _mixed(hidden: torch.Tensor) -> torch.Tensor:
    """Return relu of one half and squares of the other, normalised."""
    one, other = hidden.chunk(2, dim=-1)
    both = torch.cat([torch.relu(one), other.square()], dim=-1)
    return nn.functional.layer_norm(both, both.shape[-1:])
