"""A policy that acts on an observation and a belief. T steps, B trials, R rows; D inputs.

O numbers of an observation, L latents, P distribution parameters, S numbers of state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from gymnasium import spaces
from torch import nn

from ..core.nets.belief import RecurrentGaussian
from ..core.nets.cores import Core
from ..core.nets.heads import ValueHead, make_head
from ..core.nets.standardise import Standardise
from ..core.nets.step_inputs import vector_inputs
from ..core.nets.trial_policy import TrialPolicy
from ..core.nets.trunk import make_layers


class BeliefPolicy(TrialPolicy):
    """A belief encoder, and a feed-forward policy and value on (observation, start, belief).

    Inputs are those of `TrialObservation`, with raw rewards. The state is the encoder's, the
    previous observation, and whether the trial begins: its first input shows no transition yet, so
    the first belief is the prior.

    Args:
        observation_space: Space of one row of the raw environment: vectors, discrete, Dicts of
            these.
        action_space: Discrete, MultiDiscrete, MultiBinary or Box of floats.
        latent_size: L.
        embedding_sizes: Widths of the encoder's layers before its core.
        hidden_size: Width of the encoder's core, where it has such an argument.
        net_arch: Widths of the layers that policy and value share.
        activation: Between all these layers.
        memory: Steps the core remembers at first, see `sequence.GRU`; about a trial's length.
        log_std_init: Initial log standard deviation of continuous actions.
        normalize_observation: Standardise observations by their running moments.
        normalize_belief: Also standardise the belief that the policy acts on, as the release does:
            latents of ten deviations and more drown its other inputs.
        core: The encoder's: a name in `cores.CORES`, `"module:Name"`, or a class; None takes the
            one that this policy is named after.
        core_kwargs: The core's arguments, besides the number of its inputs.
        context: Steps the core can look back, where it has such an argument; None is the core's
            own. Agents give a trial's length, up to 1,024.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If there is no such core.
    """

    core_name: ClassVar[Core] = "gru"

    sees_raw_rewards = True  # old trials in a buffer must keep their meaning

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        latent_size: int = 5,
        embedding_sizes: Sequence[int] = (32,),
        hidden_size: int = 64,
        net_arch: Sequence[int] = (64, 64),
        activation: type[nn.Module] = nn.Tanh,
        memory: int | None = None,
        log_std_init: float = 0.0,
        normalize_observation: bool = False,
        normalize_belief: bool = False,
        core: Core | None = None,
        core_kwargs: Mapping[str, Any] | None = None,
        context: int | None = None,
    ):
        builder = vector_inputs(observation_space, action_space, "BeliefPolicy")
        super().__init__(builder)
        size = builder.observation_size
        self.shown, self.latent_size = size, latent_size
        self.encoder = RecurrentGaussian(
            *(self.builder.size + size, latent_size, embedding_sizes, hidden_size, activation),
            *(memory, core or self.core_name, core_kwargs, context),
        )
        features = size + 1 + 2 * latent_size
        self.layers = make_layers(features, net_arch, activation)
        width = net_arch[-1] if net_arch else features
        self.head = make_head(action_space, width, log_std_init)
        self.value_head = ValueHead(width)
        self.standardise = Standardise(size) if normalize_observation else None
        self.standardise_belief = Standardise(2 * latent_size) if normalize_belief else None

    @classmethod
    def core_of(cls, policy_kwargs: Mapping[str, Any]) -> Core:
        """Return the encoder's core in a policy with these arguments."""
        return policy_kwargs.get("core") or cls.core_name

    def acting_parameters(self) -> list[nn.Parameter]:
        """Return all parameters but the encoder's."""
        parts = (self.layers, self.head, self.value_head)
        return [parameter for part in parts for parameter in part.parameters()]

    def initial_state(self, num_rows: int) -> torch.Tensor:
        """Return the state at a trial's start, [R, S]."""
        state = self.encoder.initial_state(num_rows)
        return torch.cat(
            [state, state.new_zeros(num_rows, self.shown), state.new_ones(num_rows, 1)], dim=1
        )

    def infer(self, inputs: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Return the state after one more input, [R, D] and [R, S] -> [R, S]."""
        carried = state[:, : -self.shown - 1].contiguous()
        before, begins = state[:, -self.shown - 1 : -1], state[:, -1:]
        stepped = self.encoder.step(self._transition(inputs, before), carried)
        carried = torch.where(begins > 0, carried, stepped)
        return torch.cat([carried, inputs[:, : self.shown], torch.zeros_like(begins)], dim=1)

    def belief(self, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log variance of the belief in a state, [R, L]."""
        return self.encoder.read(state[:, : -self.shown - 1])

    def step(
        self, inputs: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run one step: distribution parameters [R, P], values [R], state [R, S]."""
        state = self.infer(inputs, state)
        params, values = self.act_on(self._features(inputs, *self.belief(state)))
        return params, values, state

    def posteriors(
        self, inputs: torch.Tensor, before: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the beliefs of whole trials, the prior first.

        Args:
            inputs: Inputs shown after each step, [T, B, D].
            before: Observations before each step, [T, B, O].

        Returns:
            Means and log variances, [T + 1, B, L].
        """
        return self.encoder(self._transition(inputs, before))

    def condition(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the policy acts on in whole trials [T, B, D]: [T, B, O + 1 + 2 L]."""
        return self._features(inputs, *self._beliefs(inputs))

    def act_on(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return distribution parameters [..., P] and values [...] of what `condition` returns."""
        hidden = self.layers(features)
        return self.head(hidden), self.value_head(hidden)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run whole trials [T, B, D]: distribution parameters [T, B, P] and values [T, B]."""
        return self.act_on(self.condition(inputs))

    @torch.no_grad()
    def after_iteration(self, inputs: torch.Tensor, mask: torch.Tensor) -> None:
        """Update the running moments from an iteration; see `TrialPolicy`."""
        if self.standardise is not None:
            self.standardise.update(inputs, mask)
        if self.standardise_belief is not None:
            self.standardise_belief.update(torch.cat(self._beliefs(inputs), dim=-1), mask)

    def _features(
        self, inputs: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor
    ) -> torch.Tensor:
        observation = self._standard(inputs[..., : self.shown])
        belief = torch.cat([mean, log_variance], dim=-1)
        if self.standardise_belief is not None:
            belief = self.standardise_belief(belief)
        return torch.cat([observation, inputs[..., -1:], belief], dim=-1)

    def _beliefs(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the beliefs that the policy acts on at each step of whole trials, [T, B, L]."""
        return self.posteriors(inputs[1:], inputs[:-1, :, : self.shown])

    def _transition(self, inputs: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        return torch.cat([self._standard(inputs), self._standard(before)], dim=-1)

    def _standard(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs if self.standardise is None else self.standardise(inputs)


class SnailBeliefPolicy(BeliefPolicy):
    """A belief policy whose encoder has SNAIL's convolutions and attention."""

    core_name = "snail"


class TransformerBeliefPolicy(BeliefPolicy):
    """A belief policy whose encoder is a causal transformer."""

    core_name = "transformer"


class MinGruBeliefPolicy(BeliefPolicy):
    """A belief policy whose encoder has minimal GRUs."""

    core_name = "min_gru"


class MannBeliefPolicy(BeliefPolicy):
    """A belief policy whose encoder is an LSTM with slots that it writes and reads."""

    core_name = "mann"


POLICIES: dict[str, type[BeliefPolicy]] = {  # by the names that `VariBAD` takes
    "BeliefPolicy": BeliefPolicy,
    "SnailPolicy": SnailBeliefPolicy,
    "TransformerPolicy": TransformerBeliefPolicy,
    "MinGruPolicy": MinGruBeliefPolicy,
    "MannPolicy": MannBeliefPolicy,
}
