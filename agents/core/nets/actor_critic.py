"""An actor-critic for many learners at once: a torso, a memory if wanted, heads as one last layer.

M learners, P parameters and N observations of each; T steps, R rows of a learner; S numbers of
memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from gymnasium import spaces

from meta_envs.core.arguments import choice

from ..nets import stacked
from .branch import EMBEDDING, Branch, check_heads
from .heads import DiscreteHead, GaussianHead, PolicyHead, make_head
from .torso import Torso
from .torsos import make_torso


class ActorCritic:
    """A policy and further outputs; parameters [M, P] are passed in, not held.

    Args:
        observation_space: Space of one row.
        action_space: Space of one row: Discrete, MultiDiscrete, MultiBinary, or a Box of floats (a
            Gaussian whose log deviation is a separate parameter).
        net_arch: Widths of the torso's layers; None takes the torso's own: [64, 64], for frames
            [256].
        outputs: Further heads by name, with the number of outputs of each.
        separate: Heads (or `"policy"`) with their own torso; all others share one.
        torso: `"mlp"`; `"cnn"` or `"deep_cnn"` (frames: the shallow and the deep network of
            IMPALA); `"table"` (Discrete observations: one number for each observation and output,
            initially 0); or a `Torso` class. None takes `"mlp"`, of `CnnActorCritic` `"cnn"`.
        memory: `"lstm"` puts an LSTM after each torso; None puts nothing there.
        memory_size: Outputs of the LSTM.
        deeper: Widths of further layers, between the features and a head, of heads of `outputs`.
        activation: `"tanh"` or `"relu"`; frames always go through ReLU.
        log_std_init: Initial log deviation of continuous actions.
        init: How weights are drawn: `"orthogonal"`, as in Stable-Baselines3, or `"fan_in"`, as by
            Haiku's layers: normal of deviation 1 / sqrt(inputs), cut at two deviations.
        context: C, further numbers that all heads see, such as meta-parameters; they stand among
            the parameters, but are set by `in_context` and never learnt.
        context_features: Numbers that a learnt linear layer makes of them.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If an argument is out of range.
    """

    default_torso: ClassVar[str] = "mlp"

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] | None = None,
        outputs: Mapping[str, int] | None = None,
        separate: Sequence[str] = (),
        torso: str | type[Torso] | None = None,
        memory: str | None = None,
        memory_size: int = 256,
        deeper: Mapping[str, Sequence[int]] | None = None,
        activation: str = "tanh",
        log_std_init: float = 0.0,
        init: str = "orthogonal",
        context: int = 0,
        context_features: int = 16,
    ):
        if memory not in (None, "lstm"):
            raise ValueError(f"memory={memory!r} is unknown; allowed are None and 'lstm'")
        self._init = choice("init", init, ["orthogonal", "fan_in"])
        self.observation_space, self.action_space = observation_space, action_space
        self.device = torch.device("cpu")  # of first parameters and encoded observations
        self.memory = memory
        with torch.random.fork_rng(devices=[]):  # its own weights are not used: see `_last`
            self.head: PolicyHead = make_head(action_space, 1, log_std_init).requires_grad_(False)
        self._log_std_init = log_std_init
        self.outputs = {"value": 1} if outputs is None else dict(outputs)
        if "policy" in self.outputs:
            raise ValueError("outputs has 'policy', which is there anyway; name it otherwise")
        heads = {"policy": self._policy_size(), **self.outputs}
        check_heads(heads, separate, deeper or {})

        def branch(prefix: str, names: list[str]) -> Branch:
            made = make_torso(torso or self.default_torso, observation_space, net_arch, activation)
            own = {name: tuple((deeper or {}).get(name, ())) for name in names}
            sizes = {name: heads[name] for name in names}
            seen = context_features if context else 0
            return Branch(prefix, made, memory_size if memory else None, sizes, own, seen)

        shared = [name for name in heads if name not in separate]
        self._branches = [branch("", shared)] if shared else []
        self._branches += [branch(f"{name}.", [name]) for name in separate]
        self.memory_size = sum(one.memory_size for one in self._branches)  # S
        shapes = {name: shape for one in self._branches for name, shape in one.shapes.items()}
        if isinstance(self.head, GaussianHead):
            shapes["log_std"] = (self.head.noise_size,)
        self._context = context
        if context:
            shapes |= {"context": (context,), EMBEDDING: (context_features, context)}
        self.layout = stacked.Layout(shapes)
        self._latest: tuple[tuple, torch.Tensor, stacked.Parts] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has; its parameters lie elsewhere in memory than the latest ones."""
        return {**self.__dict__, "_latest": None}

    # ---- parameters -----------------------------------------------------------------------------

    def begin(self, seeds: Sequence[int]) -> torch.Tensor:
        """Draw the initial parameters [M, P], those of learner m from `seeds[m]` alone.

        Orthogonal weights have gain sqrt(2) in the torso, .01 for the policy and 1 for other heads;
        a table is 0.
        """
        return stacked.begin(self.layout, seeds, self._draw).to(self.device)

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        parts = {name: torch.zeros(shape) for name, shape in self.layout.shapes.items()}
        for branch in self._branches:
            drawn = branch.begin(generator)
            parts |= drawn if self._init == "orthogonal" else stacked.by_fan_in(drawn, generator)
        if "log_std" in parts:
            parts["log_std"] += self._log_std_init
        if self._context:
            parts[EMBEDDING] = stacked.orthogonal(parts[EMBEDDING].shape, 1.0, generator)
        return parts

    def _policy_size(self) -> int:
        if isinstance(self.head, GaussianHead):
            return self.head.noise_size
        assert isinstance(self.head, DiscreteHead)
        return self.head.logits.out_features

    # ---- applying them --------------------------------------------------------------------------

    def encode(self, observations: Any) -> torch.Tensor:
        """Return raw observations of R rows as a tensor [R, ...], in the form the torso takes."""
        return self._branches[0].torso.encode(observations).to(self.device)

    def in_context(self, params: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Return parameters [M, P] in which the context is `context` [M, C]; differentiable.

        No gradient leads to the context that was there, so that optimisers leave it alone.
        """
        begin = self.layout.begins["context"]
        parts = [params[:, :begin], context, params[:, begin + self._context :]]
        return torch.cat(parts, dim=1)

    def first_memory(self, params: torch.Tensor, num_rows: int) -> torch.Tensor | None:
        """Return the memory of R rows at an episode's start, [M, R, S]; None if there is none."""
        return params.new_zeros(len(params), num_rows, self.memory_size) if self.memory else None

    def forward(
        self,
        params: torch.Tensor,
        inputs: torch.Tensor,
        memory: torch.Tensor | None = None,
        of: str | None = None,
    ) -> dict[str, torch.Tensor]:
        """Return every head's outputs.

        Args:
            params: [M, P].
            inputs: From `encode`, [M, N, ...].
            memory: Before this step, [M, N, S]; None is that of an episode's start.
            of: A head, if it alone is wanted; others may be missing then.

        Returns:
            `"policy"`: distribution parameters as `self.head` takes them, [M, N, ...]; each of
            `outputs`: [M, N, size], or [M, N] if its size is 1; with a memory `"memory"`: that
            after this step, [M, N, S].
        """
        parts = self._parts(params)
        if memory is None:
            memory = self.first_memory(params, inputs.shape[1])
        states = self._split(memory)
        result: dict[str, torch.Tensor] = {}
        after = []
        for branch, state in zip(self._branches, states, strict=True):
            if of is not None and state is None and of not in branch.names:
                continue
            features = branch.features(parts, inputs).to(params.dtype)
            if state is not None:
                features, state = branch.remember(parts, features, state)
                after.append(state)
            result |= branch.heads_of(parts, features)
        if after:
            result["memory"] = torch.cat(after, dim=-1)
        return self._finished(result, parts)

    def over_time(
        self,
        params: torch.Tensor,
        inputs: torch.Tensor,
        memory: torch.Tensor | None = None,
        resets: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Return outputs [T, M, R, ...] for inputs [T, M, R, ...]; see `forward`.

        Args:
            params: [M, P].
            inputs: Consecutive steps, [T, M, R, ...].
            memory: Before the first step, [M, R, S]; None is that of an episode's start.
            resets: Where an episode starts, which the memory does not cross, bool [T, M, R];
                None is nowhere. Only read where there is a memory.
        """
        if not self.memory:
            return self.apart(params, inputs)
        parts = self.layout.unflatten(params)
        if memory is None:
            memory = self.first_memory(params, inputs.shape[2])
        if resets is None:
            resets = torch.zeros(inputs.shape[:3], dtype=torch.bool, device=inputs.device)
        result: dict[str, torch.Tensor] = {}
        after = []
        for branch, state in zip(self._branches, self._split(memory), strict=True):
            features = _by_time(branch.features(parts, _flat(inputs)).to(params.dtype), inputs)
            features, states = branch.remember_all(parts, features, state, resets)
            after.append(_flat(states))
            result |= branch.heads_of(parts, _flat(features))
        result["memory"] = torch.cat(after, dim=-1)
        finished = self._finished(result, parts)
        return {name: _by_time(out, inputs) for name, out in finished.items()}

    def apart(
        self, params: torch.Tensor, inputs: torch.Tensor, memory: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Return outputs [T, M, R, ...] of single steps [T, M, R, ...], each with its own memory.

        Args:
            params: [M, P].
            inputs: [T, M, R, ...].
            memory: Before each step, [T, M, R, S]; None is that of an episode's start.
        """
        outputs = self.forward(params, _flat(inputs), None if memory is None else _flat(memory))
        return {name: _by_time(out, inputs) for name, out in outputs.items()}

    def _parts(self, params: torch.Tensor) -> stacked.Parts:
        """Return the parameters by name; while acting, those of the last step if they still are."""
        if torch.is_grad_enabled():
            return self.layout.unflatten(params)
        now = params.data_ptr(), params._version, params.shape, params.dtype
        if self._latest is None or self._latest[0] != now:
            parts = stacked.settle(self.layout.unflatten(params))
            self._latest = now, params, parts  # `params`, so that nothing else comes to stand there
        return self._latest[2]

    def _split(self, memory: torch.Tensor | None) -> list[torch.Tensor | None]:
        if memory is None:
            return [None] * len(self._branches)
        return list(memory.split([one.memory_size for one in self._branches], dim=-1))

    def _finished(
        self, result: dict[str, torch.Tensor], parts: stacked.Parts
    ) -> dict[str, torch.Tensor]:
        for name, size in self.outputs.items():
            if size == 1 and name in result:
                result[name] = result[name].squeeze(-1)
        if "policy" in result:
            result["policy"] = self._distribution(result["policy"], parts.get("log_std"))
        return result

    def _distribution(self, outputs: torch.Tensor, log_std: torch.Tensor | None) -> torch.Tensor:
        if log_std is None:
            assert isinstance(self.head, DiscreteHead)
            return self.head.distribution(outputs)
        return torch.cat([outputs, log_std.unsqueeze(1).expand_as(outputs)], dim=-1)


class CnnActorCritic(ActorCritic):
    """An actor-critic over frames: its torso is `"cnn"` unless another is given."""

    default_torso = "cnn"


def _flat(steps: torch.Tensor) -> torch.Tensor:
    """Return [T, M, R, ...] as [M, T * R, ...]."""
    count, learners, rows = steps.shape[:3]
    return steps.transpose(0, 1).reshape(learners, count * rows, *steps.shape[3:])


def _by_time(flat: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Undo `_flat`, for values [M, T * R, ...] of inputs [T, M, R, ...]."""
    count, learners, rows = steps.shape[:3]
    return flat.reshape(learners, count, rows, *flat.shape[2:]).transpose(0, 1)
