"""Recurrent policies over trials. T steps, B trials, R rows; D inputs, S numbers of state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from gymnasium import spaces
from torch import nn

from meta_envs.wrappers import TrialObservation

from .heads import ValueHead, make_head
from .sequence import GRU, LSTM, SequenceCore
from .standardise import Changes, Standardise


class Lookup(nn.Module):
    """Reads from a memory what an embedding asks for.

    Half of the outputs are a layer over both; the other half products of a number of the memory and
    one of the embedding, by which the current observation chooses among memories ("what did this
    arm pay in *this* state?") without having to learn a gate of saturated units first.

    Args:
        memory_size: H.
        embedding_size: E.
        size: Outputs, an even number.
        activation: Of the first half.
    """

    def __init__(
        self, memory_size: int, embedding_size: int, size: int, activation: type[nn.Module]
    ):
        super().__init__()
        if size % 2:
            raise ValueError(f"head_sizes begins with {size}; its first width must be even")
        self.memory_size = memory_size
        self.joint = make_layers(memory_size + embedding_size, (size // 2,), activation)
        self.memory = nn.Linear(memory_size, size // 2)
        self.question = nn.Linear(embedding_size, size // 2)

    def forward(self, both: torch.Tensor) -> torch.Tensor:
        """Return [..., size] from memory and embedding side by side, [..., H + E]."""
        memory, embedding = both[..., : self.memory_size], both[..., self.memory_size :]
        product = self.memory(memory) * self.question(embedding)
        return torch.cat([self.joint(both), product], dim=-1)


class Trunk(nn.Module):
    """Embedding -> sequence core -> layers that see both. H is the width of the last of these.

    Args:
        builder: Of the inputs.
        core_class: A `SequenceCore` of (inputs, hidden size, memory).
        embedding_sizes: Widths of the layers before the core.
        hidden_size: Width of the core.
        activation: Between the layers of the embedding.
        memory: Of the core.
        transitions: Carry the previous observation in the state, and show it beside the inputs.
        changes: Carry it and the previous reward, and show how they changed.
        head_sizes: Widths of the layers after the core, a `Lookup` first; empty for none.
    """

    def __init__(
        self,
        builder: TrialObservation,
        core_class: Any,
        embedding_sizes: Sequence[int],
        hidden_size: int,
        activation: type[nn.Module],
        memory: int | None,
        transitions: bool,
        changes: bool,
        head_sizes: Sequence[int],
    ):
        super().__init__()
        assert builder.observation_size is not None
        self.shown = builder.observation_size if transitions else 0  # numbers that are carried
        self.changes: Changes | None = None
        if changes:
            self.changes = Changes(builder.observation_size)
            self.shown = self.changes.size
        size = builder.size + self.shown
        self.embedding = make_layers(size, embedding_sizes, activation)
        width = embedding_sizes[-1] if embedding_sizes else size
        self.core: SequenceCore = core_class(width, hidden_size, memory)
        self.after = None
        if head_sizes:
            lookup = Lookup(hidden_size, width, head_sizes[0], activation)
            self.after = nn.Sequential(
                lookup, *make_layers(head_sizes[0], head_sizes[1:], activation)
            )
        self.output_size = head_sizes[-1] if head_sizes else hidden_size

    def initial_state(self, rows: int) -> torch.Tensor:
        """Return the core's state and a previous observation of zeros, [R, S]."""
        state = self.core.initial_state(rows)
        return torch.cat([state, state.new_zeros(rows, self.shown)], dim=1)

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step: hidden [R, H] and the state [R, S]."""
        if not self.shown:
            embedded = self.embedding(inputs)
            hidden, state = self.core.step(embedded, state)
            return self._joined(hidden, embedded), state
        carried, previous = state[:, : -self.shown], state[:, -self.shown :]
        embedded = self.embedding(self._with(inputs, previous))
        hidden, carried = self.core.step(embedded, carried.contiguous())
        return self._joined(hidden, embedded), torch.cat([carried, self._seen(inputs)], dim=1)

    def forward(
        self, inputs: torch.Tensor, state: torch.Tensor, reset: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence [T, B, D] from a state [B, S]: hidden [T, B, H] and the last state."""
        if not self.shown:
            embedded = self.embedding(inputs)
            hidden, state = self.core(embedded, state, reset)
            return self._joined(hidden, embedded), state
        carried, before = state[:, : -self.shown], state[:, -self.shown :]
        seen = self._seen(inputs)
        previous = torch.cat([before[None], seen[:-1]])
        if reset is not None:
            previous = previous * (~reset).to(previous.dtype)[..., None]
        embedded = self.embedding(self._with(inputs, previous))
        hidden, carried = self.core(embedded, carried.contiguous(), reset)
        return self._joined(hidden, embedded), torch.cat([carried, seen[-1]], dim=1)

    def _seen(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the next step is to know of this one's inputs."""
        return inputs[..., : self.shown] if self.changes is None else self.changes.columns(inputs)

    def _with(self, inputs: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        beside = previous if self.changes is None else self.changes(inputs, previous)
        return torch.cat([inputs, beside], dim=-1)

    def _joined(self, hidden: torch.Tensor, embedded: torch.Tensor) -> torch.Tensor:
        return hidden if self.after is None else self.after(torch.cat([hidden, embedded], dim=-1))


class RecurrentPolicy(nn.Module):
    """A trunk, a policy head and a value head, on `TrialObservation` inputs.

    Args:
        observation_space: Of one row of the raw environment; a vector or discrete.
        action_space: Discrete or Box.
        embedding_sizes: Widths of the layers before the core; empty for none.
        hidden_size: Width of the core.
        activation: Between the layers of the embedding.
        separate_value: Give the value a trunk of its own (the paper's; slower) instead of sharing.
        log_std_init: Initial log standard deviation of continuous actions.
        state_std: Let the deviation depend on the features, not on a parameter alone.
        memory: Steps the core remembers at first, see `sequence.GRU`; about a trial's length.
        transitions: Show the embedding the previous observation too, so that it sees the whole last
            transition at once; what an action led to, and where, need not be joined by the core.
        changes: Show the embedding how observation and reward changed in the last step, in units of
            their usual change (see `Changes`), instead; with standardised rewards only.
        head_sizes: Widths of layers after the core, which see its output and the embedding. The
            first is a `Lookup`, whose products let an observation choose among memories. Empty for
            none.
        normalize_observation: Standardise observations by their running moments.
        normalize_shown_reward: With them, standardise the previous reward that the policy sees.
            Otherwise it is scaled as the rewards of returns are, which makes it very small where
            returns are long sums: too small to be read where tasks differ by it from step to step.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If the first of `head_sizes` is odd, rewards are to be standardised without
            observations, or changes shown without standardised rewards or beside transitions.
    """

    core_class: ClassVar[Any]

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
    ):
        super().__init__()
        if normalize_shown_reward and not normalize_observation:
            raise ValueError("normalize_shown_reward=True needs normalize_observation=True")
        if changes and (transitions or not normalize_shown_reward):
            raise ValueError("changes=True needs normalize_shown_reward=True, transitions=False")
        self.builder = TrialObservation(observation_space, action_space)
        if self.builder.observation_size is None:
            raise TypeError(
                f"observation_space={observation_space}: recurrent policies take vectors and "
                "discrete observations; flatten it first"
            )

        def trunk() -> Trunk:
            return Trunk(
                self.builder,
                self.core_class,
                embedding_sizes,
                hidden_size,
                activation,
                memory,
                transitions,
                changes,
                head_sizes,
            )

        self.trunk = trunk()
        self.value_trunk = trunk() if separate_value else None
        self.head = make_head(action_space, self.trunk.output_size, log_std_init, state_std)
        self.value_head = ValueHead(self.trunk.output_size)
        size = self.builder.observation_size
        self.standardise: Standardise | None = None
        if normalize_observation:
            self.standardise = Standardise(size, normalize_shown_reward)
        self.sees_raw_rewards = normalize_shown_reward
        # Rewards among the inputs are multiplied by this; the trainer's normaliser writes it,
        # unless the policy sees them raw.
        self.reward_scale: torch.Tensor
        self.register_buffer("reward_scale", torch.ones((), dtype=torch.float64))

    def initial_state(self, rows: int) -> torch.Tensor:
        """Return the state at a trial's start, [R, S]."""
        state = self.trunk.initial_state(rows)
        return state if self.value_trunk is None else torch.cat([state, state], dim=1)

    def step(
        self, inputs: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run one step: distribution parameters [R, P], values [R], state [R, S]."""
        if self.standardise is not None:
            inputs = self.standardise(inputs)
        if self.value_trunk is None:
            hidden, state = self.trunk.step(inputs, state)
            return self.head(hidden), self.value_head(hidden), state
        mine, other = (part.contiguous() for part in state.chunk(2, dim=1))
        hidden, mine = self.trunk.step(inputs, mine)
        value_hidden, other = self.value_trunk.step(inputs, other)
        return self.head(hidden), self.value_head(value_hidden), torch.cat([mine, other], dim=1)

    def forward(
        self,
        inputs: torch.Tensor,
        reset: torch.Tensor | None = None,
        state: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run sequences [T, B, D]: distribution parameters [T, B, P] and values [T, B].

        Args:
            inputs: Of whole trials, or of parts of them.
            reset: Where a trial starts before the step, bool [T, B]; None is nowhere.
            state: Before the first step, [B, S]; None is that of a trial's start.
        """
        hidden, value_hidden, _ = self._run(inputs, state, reset)
        return self.head(hidden), self.value_head(value_hidden)

    def distribution(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what `forward` does of whole trials, without the values: [T, B, P]."""
        if self.standardise is not None:
            inputs = self.standardise(inputs)
        hidden, _ = self.trunk(inputs, self.trunk.initial_state(inputs.shape[1]))
        return self.head(hidden)

    def advance(self, inputs: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Return the state [B, S] after a sequence [T, B, D] that began in `state`."""
        return self._run(inputs, state, None)[2]

    def _run(
        self, inputs: torch.Tensor, state: torch.Tensor | None, reset: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        if state is None:
            state = self.initial_state(inputs.shape[1])
        if self.standardise is not None:
            inputs = self.standardise(inputs)
        if self.value_trunk is None:
            hidden, state = self.trunk(inputs, state, reset)
            return hidden, hidden, state
        mine, other = (part.contiguous() for part in state.chunk(2, dim=1))
        hidden, mine = self.trunk(inputs, mine, reset)
        value_hidden, other = self.value_trunk(inputs, other, reset)
        return hidden, value_hidden, torch.cat([mine, other], dim=1)

    def after_iteration(self, inputs: torch.Tensor, mask: torch.Tensor) -> None:
        """Take what an iteration showed, inputs [T, B, D] where the mask [T, B] is 1.

        Only now: while it learns, a policy must be the one that acted.
        """
        if self.standardise is None:
            return
        self.standardise.update(inputs, mask)
        for trunk in (self.trunk, self.value_trunk):
            if trunk is not None and trunk.changes is not None:
                trunk.changes.update(self.standardise(inputs), mask)


class GruPolicy(RecurrentPolicy):
    """A recurrent policy with a GRU."""

    core_class = GRU


class LstmPolicy(RecurrentPolicy):
    """A recurrent policy with an LSTM."""

    core_class = LSTM


def make_layers(size: int, widths: Sequence[int], activation: type[nn.Module]) -> nn.Sequential:
    """Return layers of these widths on `size` numbers, an activation after each."""
    layers: list[nn.Module] = []
    for width in widths:
        linear = nn.Linear(size, width)
        nn.init.orthogonal_(linear.weight, gain=2**0.5)
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
        size = width
    return nn.Sequential(*layers)
