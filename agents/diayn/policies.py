"""DIAYN's networks. R rows, B samples, D numbers in an observation, F features, n skills."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import nn
from torch.nn import functional

from ..core.learning.sac import SoftActorCritic
from ..core.nets.mlp import MlpRegressor
from ..core.nets.step_inputs import vector_inputs


class DiaynPolicy(nn.Module):
    """A soft actor-critic that is told a skill, and the discriminator that must recognise it.

    Args:
        observation_space: Space of one row: vectors, discrete (one-hot), Dicts of these.
        action_space: Box with bounds, or Discrete.
        n_skills: n.
        net_arch: Widths of actor and critics.
        discriminator_arch: Widths of the discriminator, whose activation is tanh.
        discriminator_inputs: Which numbers of the observation the discriminator sees; None is all.
        activation: Activation between layers of actor and critics.
        ent_coef_init: Initial weight of the entropy, if it is learnt.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If the action space has no bounds, or the observation lacks such a number.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        n_skills: int = 50,
        net_arch: Sequence[int] = (300, 300),
        discriminator_arch: Sequence[int] = (300, 300),
        discriminator_inputs: Sequence[int] | None = None,
        activation: type[nn.Module] = nn.ReLU,
        ent_coef_init: float = 0.1,
    ):
        super().__init__()
        self.builder = vector_inputs(observation_space, action_space, "DiaynPolicy")
        size = self.builder.observation_size
        seen = range(size) if discriminator_inputs is None else discriminator_inputs
        self.seen = [int(one) for one in seen]
        if not self.seen or min(self.seen) < 0 or max(self.seen) >= size:
            raise ValueError(
                f"discriminator_inputs={discriminator_inputs}: the observation has {size} numbers, "
                "from 0"
            )
        self.n_skills = n_skills
        self.core = SoftActorCritic(size, action_space, n_skills, net_arch, activation)
        self.kind = self.core.kind
        self.log_ent_coef = nn.Parameter(torch.tensor(math.log(ent_coef_init)))
        self.discriminator = MlpRegressor(len(self.seen), n_skills, discriminator_arch, nn.Tanh)

    @property
    def device(self) -> torch.device:
        """Where its parameters are."""
        return self.log_ent_coef.device

    def inputs(self, observations: Any) -> torch.Tensor:
        """Return raw observations [R, ...] as float32 [R, D]."""
        return torch.from_numpy(self.builder.flat_observations(observations))

    def one_hot(self, skills: torch.Tensor) -> torch.Tensor:
        """Return skills, int64 [B], as the condition of actor and critics, [B, n]."""
        return functional.one_hot(skills, self.n_skills).float()

    def log_probabilities(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return log q(z | s) of every skill, [B, n], in states [B, D]."""
        return torch.log_softmax(self.discriminator(inputs[:, self.seen]), dim=-1)

    @torch.no_grad()
    def act(
        self, observations: Any, skills: np.ndarray, noise: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Choose actions.

        Args:
            observations: Raw, [R, ...].
            skills: [R].
            noise: [R, noise size]; None takes the most probable actions.

        Returns:
            The environment's actions [R, ...], and flat ones [R, A].
        """
        drawn = None if noise is None else torch.from_numpy(noise.astype(np.float32))
        condition = self.one_hot(torch.from_numpy(skills)).to(self.device)
        params = self.core.params(self.inputs(observations).to(self.device), condition).cpu()
        flat = self.kind.act(params, drawn).numpy()
        return self.kind.to_env(flat), flat
