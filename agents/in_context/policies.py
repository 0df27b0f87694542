"""The in-context agent's network. G discounts, C critics, T steps, B trials, R rows, H features.

D inputs, A numbers of an action, P distribution parameters; time-major.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..core.nets.cores import Core, make_core
from ..core.nets.heads import CategoricalHead, PolicyHead
from ..core.nets.step_inputs import StepInputs
from ..core.nets.trial_policy import TrialPolicy
from ..core.nets.trunk import Frames, Trunk
from .networks import Actors, Critics


class InContextPolicy(TrialPolicy):
    """A causal transformer over the trial, and at each step a policy and critics a discount.

    It acts by the policy of the last discount.

    Args:
        observation_space: Space of one row of the raw environment; frames are read by a small
            convolutional network.
        action_space: Discrete, or a Box with bounds.
        gammas: Discounts.
        embedding_sizes: Widths of the layers before the transformer.
        hidden_size: Width of the transformer.
        net_arch: Widths of the policies' layers.
        critic_size: Width of the critics' layer.
        n_critics: C.
        core: As in `RecurrentPolicy`.
        core_kwargs: As in `RecurrentPolicy`.
        context: As in `RecurrentPolicy`.
        frame_features: As in `RecurrentPolicy`.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If a Box has no bounds, or there is no such core.
    """

    builder: StepInputs
    gammas: Tensor
    scales: Tensor

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        gammas: Sequence[float] = (0.99,),
        embedding_sizes: Sequence[int] = (64,),
        hidden_size: int = 64,
        net_arch: Sequence[int] = (64,),
        critic_size: int = 64,
        n_critics: int = 4,
        core: Core = "transformer",
        core_kwargs: Mapping[str, Any] | None = None,
        context: int | None = None,
        frame_features: int | None = None,
    ):
        builder = StepInputs(observation_space, action_space)
        super().__init__(builder)
        offered = {"hidden_size": hidden_size, "context": context}
        self.trunk = Trunk(
            builder,
            lambda inputs: make_core(core, inputs, offered, core_kwargs or {}),
            embedding_sizes,
            nn.ReLU,
            frame_features,
            transitions=False,
            changes=False,
            head_sizes=(),
        )
        size, count = self.trunk.output_size, len(gammas)
        self.actors = Actors(action_space, size, net_arch, count)
        self.discrete = isinstance(self.head, CategoricalHead)
        actions = builder.action_size
        self.critics = Critics(
            *(size if self.discrete else size + actions, critic_size),
            *(actions if self.discrete else 1, count, n_critics),
        )
        self.slow = nn.ModuleDict(
            {name: copy.deepcopy(getattr(self, name)) for name in ("actors", "critics")}
        ).requires_grad_(False)
        self.register_buffer("gammas", torch.tensor(gammas), persistent=False)
        self.register_buffer("scales", torch.ones(count))  # of the discounts' returns

    @property
    def head(self) -> PolicyHead:  # type: ignore[override]
        """The head that acts."""
        return self.actors.heads[-1]  # type: ignore[return-value]

    @classmethod
    def core_of(cls, policy_kwargs: Mapping[str, Any]) -> Core:
        """Return the core of a policy with these arguments."""
        return policy_kwargs.get("core") or "transformer"

    def initial_state(self, num_rows: int) -> Tensor:
        """Return the state at a trial's start, [R, S]."""
        return self.trunk.initial_state(num_rows)

    def step(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run one step: distribution parameters [R, P], values [R], state [R, S]."""
        numbers, frames = self._shown(inputs)
        hidden, state = self.trunk.step(numbers, state, frames)
        params = self.actors.acting(hidden)
        return params, self._value(hidden, params), state

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Run whole trials [T, B, D]: distribution parameters [T, B, P] and values [T, B]."""
        hidden = self.features(inputs)
        params = self.actors.acting(hidden)
        return params, self._value(hidden, params)

    def features(self, inputs: Tensor) -> Tensor:
        """Return what the transformer makes of each step of whole trials, [T, B, H]."""
        numbers, frames = self._shown(inputs)
        state = self.trunk.initial_state(inputs.shape[1])
        return self.trunk(numbers, state, None, frames)[0]

    def values(
        self, critics: Critics, features: Tensor, actions: Tensor | None, **more: Any
    ) -> Tensor:
        """Return what critics say of actions, [G, C, ...]; of all of them, [G, C, ..., A].

        Args:
            critics: Ours, or the slow ones.
            features: [..., H].
            actions: Of a Box, in [-1, 1], [..., A] or a discount's each, [G, ..., A]. Not used
                where actions are discrete: every action has a value.
            **more: As `Critics` takes them.
        """
        places, inputs = features.shape[:-1], features.flatten(0, -2)
        if not self.discrete:
            assert actions is not None
            flat = actions.flatten(-1 - len(places), -2)
            inputs = torch.cat([inputs.expand(*flat.shape[:-1], -1), flat], dim=-1)
        found = critics(inputs, **more).unflatten(2, places)
        return found if self.discrete else found[..., 0]

    @torch.no_grad()
    def follow(self, tau: float) -> None:
        """Move the slow copies a share `tau` of the way."""
        for name, slow in self.slow.items():
            for old, new in zip(slow.parameters(), getattr(self, name).parameters(), strict=True):
                old.lerp_(new, tau)

    def _shown(self, inputs: Tensor) -> tuple[Tensor, Frames]:
        """Return the numbers and the frames of inputs [..., D], as the trunk sees them."""
        frames = self.builder.frames(inputs) if self.builder.frame_spaces else None
        return self.builder.numbers(inputs), frames

    def _value(self, hidden: Tensor, params: Tensor) -> Tensor:
        """Return the acting policy's values, [...]: of a Box, those of its likeliest actions."""
        if self.discrete:
            values = self.values(self.critics, hidden, None, last=True).mean(dim=(0, 1))
            return (params.exp() * values).sum(dim=-1)
        likeliest = torch.tanh(params.chunk(2, dim=-1)[0])
        return self.values(self.critics, hidden, likeliest, last=True).mean(dim=(0, 1))
