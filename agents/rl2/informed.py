"""A recurrent policy that may be told the problem in training. T steps, B trials, R rows.

D inputs, O numbers of an observation, C of a problem's code, L of a latent, S of state, P
distribution parameters. In training, inputs are followed by the code and by whether the row is
told it, D + C + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..core.nets.heads import ValueHead, make_head
from ..core.nets.problems import ProblemCode, embedded, problem_embedding
from ..core.nets.sequence import GRU
from ..core.nets.step_inputs import StepInputs, vector_inputs
from ..core.nets.trial_policy import TrialPolicy
from ..core.nets.trunk import Trunk, make_layers
from ..core.play.recurrent import RecurrentInnerLoop


class InformedPolicy(TrialPolicy):
    """Layers that see the observation and a latent: that of the problem, or one that a GRU infers.

    Args:
        observation_space: Space of one row: vectors, discrete (one-hot), Dicts of these.
        action_space: Discrete, MultiDiscrete, MultiBinary or Box of floats.
        code_size: C.
        categories: Of all parts of the code together; 0 if the code is no categories.
        embedding_sizes: Widths of the layers before the GRU.
        hidden_size: Width of the GRU.
        latent_size: L.
        net_arch: Widths of the layers that see observation and latent.
        embedding_std: Deviation, at the start, of what tanh makes the problems' latents from.

    Raises:
        TypeError: If a space is not supported.
    """

    builder: StepInputs

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        code_size: int = 1,
        categories: int = 0,
        embedding_sizes: Sequence[int] = (64,),
        hidden_size: int = 64,
        latent_size: int = 16,
        net_arch: Sequence[int] = (64,),
        embedding_std: float = 0.8,
    ):
        builder: Any = vector_inputs(observation_space, action_space, "InformedPolicy")
        super().__init__(builder)
        self.code_size = code_size
        self.trunk = Trunk(
            builder,
            lambda inputs: GRU(inputs, hidden_size),
            embedding_sizes,
            nn.Tanh,
            None,
            False,
            False,
            (),
        )
        self.inferred = nn.Linear(self.trunk.output_size, latent_size)
        self.embedding = problem_embedding(
            code_size, categories, latent_size, hidden_size, embedding_std
        )
        size = builder.observation_size + 1 + latent_size
        self.layers = make_layers(size, net_arch, nn.Tanh)
        width = net_arch[-1] if net_arch else size
        self.head = make_head(action_space, width, 0.0)
        self.value_head = ValueHead(width)

    def initial_state(self, num_rows: int) -> Tensor:
        """Return the state at a trial's start, [R, S]."""
        return self.trunk.initial_state(num_rows)

    def step(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run one step: distribution parameters [R, P], values [R], state [R, S]."""
        shown = inputs[:, : self.builder.size]
        hidden, state = self.trunk.step(shown, state)
        params, values = self._act_on(shown, self._chosen(inputs, self._infer(hidden)))
        return params, values, state

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Run whole trials [T, B, ...]: distribution parameters [T, B, P] and values [T, B]."""
        params, values, _ = self.run(inputs)
        return params, values

    def run(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what `forward` does, and what was inferred at each step, [T, B, L]."""
        shown = inputs[..., : self.builder.size]
        hidden, _ = self.trunk(shown, self.initial_state(inputs.shape[1]))
        inferred = self._infer(hidden)
        return *self._act_on(shown, self._chosen(inputs, inferred)), inferred

    def latents(self, inputs: Tensor) -> Tensor:
        """Return the latents of the problems of training inputs, [..., L]."""
        codes = inputs[..., self.builder.size : -1].reshape(-1, self.code_size)
        found = torch.tanh(embedded(self.embedding, codes))
        return found.reshape(*inputs.shape[:-1], -1)

    def _infer(self, hidden: Tensor) -> Tensor:
        return torch.tanh(self.inferred(hidden))

    def _chosen(self, inputs: Tensor, inferred: Tensor) -> Tensor:
        """Return the latents to act on: the problem's where a row is told it."""
        if inputs.shape[-1] == self.builder.size:
            return inferred
        return torch.where(inputs[..., -1:] > 0, self.latents(inputs), inferred)

    def _act_on(self, shown: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        seen = [shown[..., : self.builder.observation_size], shown[..., -1:], latents]
        hidden = self.layers(torch.cat(seen, dim=-1))
        return self.head(hidden), self.value_head(hidden)


class InformedLoop(RecurrentInnerLoop):
    """Plays training trials: shows the policy each row's problem, and whether it is told it.

    Args:
        *args: As in `RecurrentInnerLoop`.
        code: What of a task is hidden.
        told: Which rows are told, bool [rows].
    """

    reads_task = True

    def __init__(self, *args: Any, code: ProblemCode, told: np.ndarray):
        super().__init__(*args)
        self.code, self.told = code, told

    def _completed(self, inputs: np.ndarray, rows: Any) -> np.ndarray:
        where = np.arange(self.num_rows)[rows]
        codes = self.code(self.venv.tasks, where)
        told = self.told[where, None].astype(np.float32)
        return np.concatenate([inputs, codes, told], axis=1)
