"""PEARL's networks. R rows, D numbers of an observation, A of an action, L latents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import nn

from ..core.learning.sac import SoftActorCritic
from ..core.nets.encoders import ProductEncoder
from ..core.nets.kernels.fast_mlp import Precision
from ..core.nets.step_inputs import vector_inputs


class PearlPolicy(nn.Module):
    """An encoder of transitions, and an actor-critic that is given a sample of its posterior.

    Args:
        observation_space: Space of one row: vectors, discrete (one-hot), Dicts of these.
        action_space: Box with bounds, or Discrete.
        latent_size: L.
        net_arch: Widths of actor and critics.
        encoder_arch: Widths of the encoder.
        activation: Between layers.
        next_observation: Also show the encoder the successor, for tasks that differ in dynamics.
        ent_coef_init: Initial weight of the entropy, if it is learnt.
        precision: Precision of hidden layers in training: `"float32"` or `"bfloat16"`.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If the action space has no bounds, or the precision is unknown.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        latent_size: int = 5,
        net_arch: Sequence[int] = (300, 300, 300),
        encoder_arch: Sequence[int] = (200, 200, 200),
        activation: type[nn.Module] = nn.ReLU,
        next_observation: bool = False,
        ent_coef_init: float = 1.0,
        precision: Precision = "float32",
    ):
        super().__init__()
        self.builder = vector_inputs(observation_space, action_space, "PearlPolicy")
        self.observation_size = self.builder.observation_size
        self.latent_size = latent_size
        self.next_observation = next_observation
        self.core = SoftActorCritic(
            self.observation_size, action_space, latent_size, net_arch, activation, precision
        )
        self.kind = self.core.kind
        size = self.observation_size * (2 if next_observation else 1) + self.kind.size + 1
        self.encoder = ProductEncoder(size, latent_size, encoder_arch, activation)
        self.log_ent_coef = nn.Parameter(torch.tensor(math.log(ent_coef_init)))

    def inputs(self, observations: Any) -> torch.Tensor:
        """Return raw observations [R, ...] as float32 [R, D]."""
        return torch.from_numpy(self.builder.flat_observations(observations))

    def context(
        self,
        inputs: torch.Tensor,
        actions: torch.Tensor,
        rewards: torch.Tensor,
        next_inputs: torch.Tensor,
    ) -> torch.Tensor:
        """Return transitions as the encoder sees them.

        Args:
            inputs: [..., D].
            actions: Flat, [..., A].
            rewards: [...].
            next_inputs: [..., D].
        """
        parts = [inputs, actions, rewards[..., None]]
        return torch.cat([*parts, next_inputs] if self.next_observation else parts, dim=-1)

    def act(
        self, observations: Any, latents: torch.Tensor, noise: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Choose actions.

        Args:
            observations: Raw, [R, ...].
            latents: [R, L].
            noise: [R, noise size]; None takes the most probable actions.

        Returns:
            The environment's actions [R, ...], and flat ones [R, A].
        """
        drawn = None if noise is None else torch.from_numpy(noise.astype(np.float32))
        params = self.core.params(self.inputs(observations).to(latents.device), latents).cpu()
        flat = self.kind.act(params, drawn).numpy()
        return self.kind.to_env(flat), flat
