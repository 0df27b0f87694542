"""Many learners' parameters as one array. M learners, P numbers and N inputs each.

Noise, copies, optimisers, clipping and checkpoints are then one operation each, and a layer is one
batched product. A learner's numbers are bit for bit the same whatever is computed beside it. For
that, products are batched for a single learner too (which here is no slower than a plain
product), every sum runs over one learner's own numbers, and matrices begin at a boundary of 64
bytes with rows that are a multiple of it: what MKL computes depends, in the last bit, on where in
memory a matrix lies, and on whether it is a single vector. Large products are oneDNN's, which are
twice as fast on AMD and depend on neither, one for each learner.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch.nn.functional import pad

from meta_envs.core.rng import fold

from .kernels import layer as kernels

Parts = dict[str, torch.Tensor]  # by name, [M, ...]
_LINE = 16  # float32 numbers of 64 bytes
_KEPT = "_kept_layer"  # attribute of a weight that is settled


class Layout:
    """Where each named parameter of a learner stands in its row of [M, P].

    Each begins at a multiple of 64 bytes; the numbers in the gaps start at 0 and have no effect.

    Args:
        shapes: Shapes of one learner's parameters, by name, in order.
    """

    def __init__(self, shapes: Mapping[str, Sequence[int]]):
        self.shapes = {name: tuple(shape) for name, shape in shapes.items()}
        self._counts = [math.prod(shape) for shape in self.shapes.values()]
        self._sizes = [_whole_lines(count) for count in self._counts]
        self.size = sum(self._sizes)  # P
        places = itertools.accumulate(self._sizes, initial=0)
        self.begins = dict(zip(self.shapes, places, strict=False))  # first column of each

    def unflatten(self, flat: torch.Tensor) -> Parts:
        """Return the parameters [M, ...] of `flat` [M, P], by name; views, differentiable.

        Raises:
            ValueError: If `flat` is not [M, P].
        """
        if flat.ndim != 2 or flat.shape[1] != self.size:
            raise ValueError(f"parameters {tuple(flat.shape)} must be [M, {self.size}]")
        split = zip(flat.split(self._sizes, dim=1), self._counts, strict=True)
        named = zip(self.shapes.items(), split, strict=True)
        return {name: part[:, :count].reshape(-1, *shape) for (name, shape), (part, count) in named}

    def flatten(self, parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return parameters [M, ...] by name as one array [M, P].

        Raises:
            ValueError: If names or shapes differ.
        """
        for name, shape in self.shapes.items():
            given = tuple(parts[name].shape[1:]) if name in parts else None
            if given != shape:
                raise ValueError(f"parameter {name!r} must be [M, {shape}], not [M, {given}]")
        if unknown := sorted(parts.keys() - self.shapes.keys()):
            raise ValueError(f"parameters {unknown} are unknown; there are {list(self.shapes)}")
        rows = [
            pad(parts[name].reshape(len(parts[name]), count), (0, size - count))
            for name, count, size in zip(self.shapes, self._counts, self._sizes, strict=True)
        ]
        return torch.cat(rows, dim=1)


def begin(
    layout: Layout, seeds: Sequence[int], make: Callable[[torch.Generator], Parts]
) -> torch.Tensor:
    """Return first parameters [M, P]: learner m's are drawn from `seeds[m]` alone.

    Args:
        layout: Layout of one learner's parameters.
        seeds: One seed per learner.
        make: Draws one learner's parameters (without the leading axis) from a generator.
    """
    learners = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(fold(int(seed), "weights") % 2**63)
        learners.append({name: part[None] for name, part in make(generator).items()})
    return torch.cat([layout.flatten(parts) for parts in learners])


def linear(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Apply each learner's layer to its own inputs.

    Args:
        inputs: [M, N, I].
        weight: [M, O, I].
        bias: [M, O], or None.

    Returns:
        [M, N, O].
    """
    if kernels.serves(inputs, weight):
        biases = itertools.repeat(None) if bias is None else bias
        layers = zip(inputs, weight, biases, strict=False)
        outputs = [kernels.layer(*each) for each in layers]
        return torch.stack(outputs) if len(outputs) > 1 else outputs[0].unsqueeze(0)
    kept = getattr(weight, _KEPT, None)
    if kept:
        return _applied(inputs, *kept[0])
    layer = _layer(weight, bias)
    if kept is not None:
        kept.append(layer)
    return _applied(inputs, *layer)


def settle(parts: Parts) -> Parts:
    """Let `linear` keep what it makes of these parameters, which nobody changes any more.

    A layer must always be applied with the same bias.
    """
    for part in parts.values():
        setattr(part, _KEPT, [])
    return parts


def _layer(
    weight: torch.Tensor, bias: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None, int, int]:
    """Return weight and bias as `_applied` takes them, the outputs and the missing features."""
    outputs, features = weight.shape[1:]
    more_features = _whole_lines(features) - features
    more_outputs = _whole_lines(outputs) - outputs
    if more_features or more_outputs:
        weight = pad(weight, (0, more_features, 0, more_outputs))
    if bias is not None:
        bias = (pad(bias, (0, more_outputs)) if more_outputs else bias).unsqueeze(1)
    return weight.transpose(1, 2), bias, outputs, more_features


def _applied(
    inputs: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    outputs: int,
    more_features: int,
) -> torch.Tensor:
    if more_features:
        inputs = pad(inputs, (0, more_features))
    if bias is None:
        product = torch.bmm(inputs, weight)
    else:
        product = torch.baddbmm(bias, inputs, weight)
    return product if weight.shape[2] == outputs else product[..., :outputs]


def mlp(
    inputs: torch.Tensor,
    layers: Sequence[tuple[torch.Tensor, torch.Tensor]],
    activation: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Apply layers [(weight, bias)] as in `linear`, each followed by the activation."""
    for weight, bias in layers:
        inputs = activation(linear(inputs, weight, bias))
    return inputs


def orthogonal(shape: Sequence[int], gain: float, generator: torch.Generator) -> torch.Tensor:
    """Draw a weight [O, I] with orthogonal rows or columns, times `gain`."""
    weight = torch.empty(*shape)
    return torch.nn.init.orthogonal_(weight, gain=gain, generator=generator)


def by_fan_in(parts: Parts, generator: torch.Generator) -> Parts:
    """Draw weights [O, I, ...] anew: normal of deviation 1 / sqrt(inputs), cut at two deviations.

    Biases [O] stay as they are, and so does what is 0, such as a table.
    """
    cut = 0.87962566  # deviation of a standard normal number between -2 and 2

    def drawn(part: torch.Tensor) -> torch.Tensor:
        if part.dim() < 2 or not part.any():
            return part
        new = torch.empty_like(part)
        torch.nn.init.trunc_normal_(new, 0.0, 1.0, -2.0, 2.0, generator=generator)
        return new / (cut * part[0].numel() ** 0.5)

    return {name: drawn(part) for name, part in parts.items()}


def _whole_lines(count: int) -> int:
    return -(-count // _LINE) * _LINE
