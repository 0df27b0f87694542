"""A torso, a memory if wanted, and the heads on them. M learners, N inputs of each, T steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch

from ..nets import stacked
from .memory import Lstm
from .torso import Torso, check_widths

EMBEDDING = "embedding.weight"  # of the layer that embeds the context
_GAINS = {"policy": 0.01}  # of the last layer's weights; 1 for all other heads


class Branch:
    """What some heads share, and these heads.

    Args:
        prefix: Prefix of its parameters' names.
        torso: Turns inputs into features.
        width: Outputs of its memory; None if it has none.
        heads: Numbers of outputs, by name.
        deeper: Widths of a head's own layers, by name.
        context_features: Features that all heads see besides, made of the parameters `context`.
    """

    def __init__(
        self,
        prefix: str,
        torso: Torso,
        width: int | None,
        heads: Mapping[str, int],
        deeper: Mapping[str, Sequence[int]],
        context_features: int = 0,
    ):
        self.prefix, self.torso = prefix, torso
        self.context_features = context_features
        self.names = tuple(heads)
        self.core = None if width is None else Lstm(torso.features, width)
        self.deeper = {name: check_widths(deeper[name]) for name in heads if deeper.get(name)}
        # The other heads are one last layer on the shared features.
        self.together = {name: size for name, size in heads.items() if name not in self.deeper}
        self.shapes = self._shapes(heads)
        self._own = {group: self._names(group) for group in ("torso.", "memory.")}
        self._own |= {f"{name}.": self._names(f"{name}.") for name in self.deeper}

    @property
    def memory_size(self) -> int:
        """Numbers of its memory's state."""
        return self.core.state_size if self.core is not None else 0

    @property
    def _features(self) -> int:
        own = self.torso.features if self.core is None else self.core.features
        return own + self.context_features

    def _shapes(self, heads: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape in self.torso.shapes.items():
            shapes[f"{self.prefix}torso.{name}"] = shape
        if self.core is not None:
            for name, shape in self.core.shapes.items():
                shapes[f"{self.prefix}memory.{name}"] = shape
        last = {"heads": (self._features, sum(self.together.values()))} if self.together else {}
        for name, widths in self.deeper.items():
            for layer, (before, after) in enumerate(pairwise([self._features, *widths])):
                shapes[f"{self.prefix}{name}.{layer}.weight"] = (after, before)
                shapes[f"{self.prefix}{name}.{layer}.bias"] = (after,)
            last[name] = (widths[-1], heads[name])
        for name, (features, outputs) in last.items():
            shapes[f"{self.prefix}{name}.weight"] = (outputs, features)
            if not self.torso.tabular:
                shapes[f"{self.prefix}{name}.bias"] = (outputs,)
        return shapes

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Draw one learner's first parameters that are not 0."""
        parts: stacked.Parts = {}
        for name, drawn in self.torso.begin(generator).items():
            parts[f"{self.prefix}torso.{name}"] = drawn
        if self.core is not None:
            for name, drawn in self.core.begin(generator).items():
                parts[f"{self.prefix}memory.{name}"] = drawn
        if not self.torso.tabular and self.together:
            weights = [
                stacked.orthogonal((size, self._features), _GAINS.get(name, 1.0), generator)
                for name, size in self.together.items()
            ]
            parts[f"{self.prefix}heads.weight"] = torch.cat(weights)
        for name in self.deeper:
            for key, shape in self.shapes.items():
                if key.startswith(f"{self.prefix}{name}.") and key.endswith("weight"):
                    gain = 1.0 if key == f"{self.prefix}{name}.weight" else 2**0.5
                    parts[key] = stacked.orthogonal(shape, gain, generator)
        return parts

    def features(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        """Return the torso's features [M, N, F] of inputs [M, N, ...]."""
        return self.torso.forward(self._of(parts, "torso."), inputs)

    def remember(
        self, parts: stacked.Parts, features: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the memory's outputs [M, N, H] and state [M, N, S] after a step."""
        assert self.core is not None
        return self.core.step(self._of(parts, "memory."), features, state)

    def remember_all(
        self,
        parts: stacked.Parts,
        features: torch.Tensor,
        state: torch.Tensor | None,
        resets: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the memory's outputs [T, M, N, H] and states [T, M, N, S] after each step."""
        assert self.core is not None and state is not None
        return self.core.run(self._of(parts, "memory."), features, state, resets)

    def heads_of(self, parts: stacked.Parts, features: torch.Tensor) -> stacked.Parts:
        """Return each head's outputs [M, N, size]."""
        result: stacked.Parts = {}
        if self.context_features:
            seen = stacked.linear(parts["context"].unsqueeze(1), parts[EMBEDDING])
            features = torch.cat([features, seen.expand(-1, features.shape[1], -1)], dim=-1)
        if self.together:
            last = self._last(parts, "heads", features)
            split = last.split(list(self.together.values()), dim=-1)
            result |= dict(zip(self.together, split, strict=True))
        for name, widths in self.deeper.items():
            own = self._of(parts, f"{name}.")
            layers = [(own[f"{i}.weight"], own[f"{i}.bias"]) for i in range(len(widths))]
            result[name] = self._last(parts, name, stacked.mlp(features, layers, torch.relu))
        return result

    def _last(self, parts: stacked.Parts, name: str, features: torch.Tensor) -> torch.Tensor:
        weight, bias = f"{self.prefix}{name}.weight", f"{self.prefix}{name}.bias"
        return stacked.linear(features, parts[weight], parts.get(bias))

    def _names(self, group: str) -> dict[str, str]:
        """Return the names of a group's parameters, by their names within it."""
        own = f"{self.prefix}{group}"
        return {name[len(own) :]: name for name in self.shapes if name.startswith(own)}

    def _of(self, parts: stacked.Parts, group: str) -> stacked.Parts:
        return {short: parts[name] for short, name in self._own[group].items()}


def check_heads(
    heads: Mapping[str, int], separate: Sequence[str], deeper: Mapping[str, Sequence[int]]
) -> None:
    """Refuse heads without outputs, and names that no head has.

    Raises:
        TypeError: If `separate` is no list.
        ValueError: If a number or a name is out of range.
    """
    for name, size in heads.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"outputs[{name!r}]={size!r} must be an integer of at least 1")
        if name == "memory":
            raise ValueError("outputs has 'memory', which is the state of a memory; rename it")
    if isinstance(separate, str):
        raise TypeError(f"separate={separate!r} must be a list of names, e.g. [{separate!r}]")
    for given, names in (("separate", separate), ("deeper", deeper)):
        for name in names:
            if name not in heads:
                raise ValueError(f"{given} has {name!r}; the heads are {list(heads)}")
