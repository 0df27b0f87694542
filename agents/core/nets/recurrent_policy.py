"""Recurrent policies over trials. T steps, B trials, R rows; D inputs, S numbers of state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from gymnasium import spaces
from torch import nn

from .cores import CORES, Core, make_core
from .heads import ValueHead, make_head
from .mann import Mann
from .min_gru import MinGRU
from .sequence import GRU, LSTM, SequenceCore
from .snail import Snail
from .standardise import Standardise
from .step_inputs import StepInputs
from .transformer import Transformer
from .trial_policy import TrialPolicy
from .trunk import Frames, Trunk


class RecurrentPolicy(TrialPolicy):
    """A step encoder, a sequence core, and heads for policy and value.

    Vectors and discrete observations are shown as they are, frames by the features of a small
    convolutional network, Dicts key by key (see `StepInputs`).

    Args:
        observation_space: Space of one row of the raw environment.
        action_space: Discrete, MultiDiscrete, MultiBinary or Box of floats.
        embedding_sizes: Widths of the layers before the core; empty for none.
        hidden_size: Width of the core, where it has such an argument.
        activation: Activation between the layers of the embedding.
        separate_value: Give the value its own trunk (as the paper does; slower).
        log_std_init: Initial log standard deviation of continuous actions.
        state_std: Let the deviation depend on the features, not on a parameter alone.
        memory: Steps that the core remembers at first, see `sequence.GRU`; about a trial's length.
            For cores that have this argument.
        transitions: Show the embedding the previous observation too, so that it sees the whole last
            transition at once and the core need not join what an action did and where.
        changes: Instead, show the embedding how observation and reward changed in the last step, in
            units of their usual change (see `Changes`); needs standardised rewards.
        head_sizes: Widths of layers after the core, which see its output and the embedding. The
            first is a `Lookup`, whose products let an observation choose among memories. Empty for
            none.
        normalize_observation: Standardise observations by their running moments. Frames are always
            shown in units of their largest value instead.
        normalize_shown_reward: Also standardise the previous reward that the policy sees. Otherwise
            it is scaled as the rewards in returns are, which makes it very small where returns are
            long sums: too small to read where tasks differ in it from step to step.
        core: A name in `cores.CORES`, `"module:Name"` of a `SequenceCore`, or such a class; None
            takes the one that this policy is named after.
        core_kwargs: The core's arguments, besides the number of its inputs.
        frame_features: Features of each frame; None is 512, or 64 for frames under 36 pixels.
        context: Steps that the core can look back, where it has such an argument; None is the
            core's own. Agents give a trial's length, up to 1,024.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If the first of `head_sizes` is odd, rewards are to be standardised without
            observations, or changes shown without standardised rewards or beside transitions; or if
            there is no such core.
    """

    builder: StepInputs
    core_class: ClassVar[type[SequenceCore] | None] = None

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        embedding_sizes: Sequence[int] = (64,),
        hidden_size: int = 64,
        activation: type[nn.Module] = nn.Tanh,
        separate_value: bool = False,
        log_std_init: float = 0.0,
        state_std: bool = False,
        memory: int | None = None,
        transitions: bool = False,
        head_sizes: Sequence[int] = (),
        normalize_observation: bool = False,
        normalize_shown_reward: bool = False,
        changes: bool = False,
        core: str | type[SequenceCore] | None = None,
        core_kwargs: Mapping[str, Any] | None = None,
        frame_features: int | None = None,
        context: int | None = None,
    ):
        builder = StepInputs(observation_space, action_space)
        super().__init__(builder)
        if normalize_shown_reward and not normalize_observation:
            raise ValueError("normalize_shown_reward=True needs normalize_observation=True")
        if changes and (transitions or not normalize_shown_reward):
            raise ValueError("changes=True needs normalize_shown_reward=True, transitions=False")
        chosen = core or self.core_class
        if chosen is None:
            raise ValueError(f"core=None; give one of {list(CORES)}, 'module:Name' or a class")
        offered = {"hidden_size": hidden_size, "memory": memory, "context": context}

        def trunk() -> Trunk:
            return Trunk(
                builder,
                lambda inputs: make_core(chosen, inputs, offered, core_kwargs or {}),
                embedding_sizes,
                activation,
                frame_features,
                transitions,
                changes,
                head_sizes,
            )

        self.trunk = trunk()
        self.value_trunk = trunk() if separate_value else None
        self.head = make_head(action_space, self.trunk.output_size, log_std_init, state_std)
        self.value_head = ValueHead(self.trunk.output_size)
        self.standardise: Standardise | None = None
        if normalize_observation:
            self.standardise = Standardise(builder.observation_size, normalize_shown_reward)
        self.sees_raw_rewards = normalize_shown_reward

    @classmethod
    def core_of(cls, policy_kwargs: Mapping[str, Any]) -> Core | None:
        """Return the core of a policy with these arguments; None if they name none."""
        return policy_kwargs.get("core") or cls.core_class

    def initial_state(self, num_rows: int) -> torch.Tensor:
        """Return the state at a trial's start, [R, S]."""
        state = self.trunk.initial_state(num_rows)
        return state if self.value_trunk is None else torch.cat([state, state], dim=1)

    def step(
        self, inputs: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run one step: distribution parameters [R, P], values [R], state [R, S]."""
        numbers, frames = self._shown(inputs)
        if self.value_trunk is None:
            hidden, state = self.trunk.step(numbers, state, frames)
            return self.head(hidden), self.value_head(hidden), state
        mine, other = (part.contiguous() for part in state.chunk(2, dim=1))
        hidden, mine = self.trunk.step(numbers, mine, frames)
        value_hidden, other = self.value_trunk.step(numbers, other, frames)
        return self.head(hidden), self.value_head(value_hidden), torch.cat([mine, other], dim=1)

    def forward(
        self,
        inputs: torch.Tensor,
        reset: torch.Tensor | None = None,
        state: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run sequences [T, B, D]: distribution parameters [T, B, P] and values [T, B].

        Args:
            inputs: Inputs of whole trials, or of parts of them.
            reset: Where a trial starts before the step, bool [T, B]; None is nowhere.
            state: State before the first step, [B, S]; None takes that of a trial's start.
        """
        hidden, value_hidden, _ = self._run(inputs, state, reset)
        return self.head(hidden), self.value_head(value_hidden)

    def distribution(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what `forward` does of whole trials, without the values: [T, B, P]."""
        numbers, frames = self._shown(inputs)
        hidden, _ = self.trunk(numbers, self.trunk.initial_state(inputs.shape[1]), None, frames)
        return self.head(hidden)

    def advance(self, inputs: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Return the state [B, S] after a sequence [T, B, D] that began in `state`."""
        return self._run(inputs, state, None)[2]

    def _run(
        self, inputs: torch.Tensor, state: torch.Tensor | None, reset: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        if state is None:
            state = self.initial_state(inputs.shape[1])
        numbers, frames = self._shown(inputs)
        if self.value_trunk is None:
            hidden, state = self.trunk(numbers, state, reset, frames)
            return hidden, hidden, state
        mine, other = (part.contiguous() for part in state.chunk(2, dim=1))
        hidden, mine = self.trunk(numbers, mine, reset, frames)
        value_hidden, other = self.value_trunk(numbers, other, reset, frames)
        return hidden, value_hidden, torch.cat([mine, other], dim=1)

    def _shown(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Frames]:
        """Return the numbers and the frames of inputs [..., D], as the trunks see them."""
        numbers = self.builder.numbers(inputs)
        frames = self.builder.frames(inputs) if self.builder.frame_spaces else None
        return numbers if self.standardise is None else self.standardise(numbers), frames

    def after_iteration(self, inputs: torch.Tensor, mask: torch.Tensor) -> None:
        """Take the moments of what an iteration showed; see `TrialPolicy`."""
        if self.standardise is None:
            return
        numbers = self.builder.numbers(inputs)
        self.standardise.update(numbers, mask)
        for trunk in (self.trunk, self.value_trunk):
            if trunk is not None and trunk.changes is not None:
                trunk.changes.update(self.standardise(numbers), mask)


class GruPolicy(RecurrentPolicy):
    """A recurrent policy with a GRU."""

    core_class = GRU


class LstmPolicy(RecurrentPolicy):
    """A recurrent policy with an LSTM."""

    core_class = LSTM


class SnailPolicy(RecurrentPolicy):
    """A policy with SNAIL's convolutions and attention; `core_kwargs` has their sizes."""

    core_class = Snail


class TransformerPolicy(RecurrentPolicy):
    """A policy with a causal transformer; `core_kwargs` has its layers, heads and positions."""

    core_class = Transformer


class MinGruPolicy(RecurrentPolicy):
    """A recurrent policy with layers of minimal GRUs."""

    core_class = MinGRU


class MannPolicy(RecurrentPolicy):
    """A recurrent policy with slots that an LSTM writes and reads; sizes are in `core_kwargs`."""

    core_class = Mann
