"""An actor-critic for many learners at once: a torso, then all heads as one last layer.

M learners, P parameters and N observations of each; T steps, R rows of a learner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from gymnasium import spaces

from ..nets import stacked
from .heads import DiscreteHead, GaussianHead, PolicyHead, make_head
from .torsos import Torso, make_torso

_GAINS = {"policy": 0.01}  # of the last layer's weights; 1 for all other heads


@dataclass(frozen=True)
class _Branch:
    """A torso and the heads on it: their names and numbers of outputs."""

    prefix: str
    torso: Torso
    heads: Mapping[str, int]


class ActorCritic:
    """A policy and further outputs; parameters [M, P] are passed in, not held.

    Args:
        observation_space: Space of one row.
        action_space: Space of one row: Discrete, MultiDiscrete, MultiBinary, or a Box of floats (a
            Gaussian whose log deviation is a separate parameter).
        net_arch: Widths of the torso's layers.
        outputs: Further heads by name, with the number of outputs of each.
        separate: Heads (or `"policy"`) with their own torso; all others share one.
        torso: `"mlp"`, or `"table"` (Discrete observations: one number for each observation and
            output, initially 0); or a `Torso` class.
        memory: None; no other value is supported.
        activation: `"tanh"` or `"relu"`.
        log_std_init: Initial log deviation of continuous actions.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] = (64, 64),
        outputs: Mapping[str, int] | None = None,
        separate: Sequence[str] = (),
        torso: str | type[Torso] = "mlp",
        memory: str | None = None,
        activation: str = "tanh",
        log_std_init: float = 0.0,
    ):
        if memory is not None:
            raise ValueError(f"memory={memory!r} is unknown; allowed is None")
        self.observation_space, self.action_space = observation_space, action_space
        self.memory = memory
        with torch.random.fork_rng(devices=[]):  # its own weights are not used: see `_last`
            self.head: PolicyHead = make_head(action_space, 1, log_std_init).requires_grad_(False)
        self._log_std_init = log_std_init
        self.outputs = {"value": 1} if outputs is None else dict(outputs)
        if "policy" in self.outputs:
            raise ValueError("outputs has 'policy', which is there anyway; name it otherwise")
        heads = {"policy": self._policy_size(), **self.outputs}
        _check_heads(heads, separate)

        def branch(prefix: str, names: list[str]) -> _Branch:
            made = make_torso(torso, observation_space, net_arch, activation)
            return _Branch(prefix, made, {name: heads[name] for name in names})

        shared = [name for name in heads if name not in separate]
        self._branches = [branch("", shared)] if shared else []
        self._branches += [branch(f"{name}.", [name]) for name in separate]
        self.layout = stacked.Layout(self._shapes())

    # ---- parameters -----------------------------------------------------------------------------

    def begin(self, seeds: Sequence[int]) -> torch.Tensor:
        """Draw the initial parameters [M, P], those of learner m from `seeds[m]` alone.

        Weights are orthogonal, with gain sqrt(2) in the torso, .01 for the policy and 1 for other
        heads, as in Stable-Baselines3; a table is 0.
        """
        return stacked.begin(self.layout, seeds, self._draw)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for branch in self._branches:
            for name, shape in branch.torso.shapes.items():
                shapes[f"{branch.prefix}torso.{name}"] = shape
            outputs = sum(branch.heads.values())
            shapes[f"{branch.prefix}heads.weight"] = (outputs, branch.torso.features)
            if not branch.torso.tabular:
                shapes[f"{branch.prefix}heads.bias"] = (outputs,)
        if isinstance(self.head, GaussianHead):
            shapes["log_std"] = (self.head.noise_size,)
        return shapes

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        parts = {name: torch.zeros(shape) for name, shape in self.layout.shapes.items()}
        for branch in self._branches:
            for name, drawn in branch.torso.begin(generator).items():
                parts[f"{branch.prefix}torso.{name}"] = drawn
            if not branch.torso.tabular:
                features = branch.torso.features
                weights = [
                    stacked.orthogonal((size, features), _GAINS.get(name, 1.0), generator)
                    for name, size in branch.heads.items()
                ]
                parts[f"{branch.prefix}heads.weight"] = torch.cat(weights)
        if "log_std" in parts:
            parts["log_std"] += self._log_std_init
        return parts

    def _policy_size(self) -> int:
        if isinstance(self.head, GaussianHead):
            return self.head.noise_size
        assert isinstance(self.head, DiscreteHead)
        return self.head.logits.out_features

    # ---- applying them --------------------------------------------------------------------------

    def encode(self, observations: Any) -> torch.Tensor:
        """Return raw observations of R rows as a tensor [R, ...], in the form the torso takes."""
        return self._branches[0].torso.encode(observations)

    def forward(self, params: torch.Tensor, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return every head's outputs.

        Args:
            params: [M, P].
            inputs: From `encode`, [M, N, ...].

        Returns:
            `"policy"`: distribution parameters as `self.head` takes them, [M, N, ...]; each of
            `outputs`: [M, N, size], or [M, N] if its size is 1.
        """
        parts = self.layout.unflatten(params)
        result: dict[str, torch.Tensor] = {}
        for branch in self._branches:
            own = f"{branch.prefix}torso."
            of_torso = {
                name[len(own) :]: part for name, part in parts.items() if name.startswith(own)
            }
            features = branch.torso.forward(of_torso, inputs).to(params.dtype)
            weight = parts[f"{branch.prefix}heads.weight"]
            last = stacked.linear(features, weight, parts.get(f"{branch.prefix}heads.bias"))
            split = last.split(list(branch.heads.values()), dim=-1)
            result |= dict(zip(branch.heads, split, strict=True))
        for name, size in self.outputs.items():
            if size == 1:
                result[name] = result[name].squeeze(-1)
        result["policy"] = self._distribution(result["policy"], parts.get("log_std"))
        return result

    def over_time(self, params: torch.Tensor, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return outputs [T, M, R, ...] for inputs [T, M, R, ...]; see `forward`."""
        steps, learners, rows = inputs.shape[:3]
        by_learner = inputs.transpose(0, 1).reshape(learners, steps * rows, *inputs.shape[3:])
        return {
            name: out.reshape(learners, steps, rows, *out.shape[2:]).transpose(0, 1)
            for name, out in self.forward(params, by_learner).items()
        }

    def _distribution(self, outputs: torch.Tensor, log_std: torch.Tensor | None) -> torch.Tensor:
        if log_std is None:
            assert isinstance(self.head, DiscreteHead)
            return self.head.distribution(outputs)
        return torch.cat([outputs, log_std.unsqueeze(1).expand_as(outputs)], dim=-1)


def _check_heads(heads: Mapping[str, int], separate: Sequence[str]) -> None:
    for name, size in heads.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"outputs[{name!r}]={size!r} must be an integer of at least 1")
    if isinstance(separate, str):
        raise TypeError(f"separate={separate!r} must be a list of names, e.g. [{separate!r}]")
    for name in separate:
        if name not in heads:
            raise ValueError(f"separate has {name!r}; the heads are {list(heads)}")
