"""DREAM's networks. T steps, B rows, D inputs, H hidden, A actions, L latents, C codes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..core.nets.step_inputs import vector_inputs


class ProblemCode:
    """What of a task is hidden, as few numbers: categories where all of it is discrete.

    Args:
        task_space: The tasks.
        shown: Keys that the first observation shows, and that are therefore left out.

    Raises:
        ValueError: If nothing is hidden.
    """

    def __init__(self, task_space: spaces.Dict, shown: tuple[Any, ...]):
        self.keys = [key for key in task_space if key not in shown]
        if not self.keys:
            raise ValueError(
                f"the first observation shows all of the task ({', '.join(task_space)}), which "
                "leaves nothing to explore"
            )
        parts = [task_space[key] for key in self.keys]
        self.discrete = all(_categories(part) is not None for part in parts)
        self.size = sum(int(np.prod(part.shape or (1,))) for part in parts)
        self.categories = 0
        self._shift = np.zeros(self.size)
        if self.discrete:
            counts, starts = map(np.concatenate, zip(*map(_counts, parts), strict=True))
            self._shift = np.cumsum(counts) - counts - starts
            self.categories = int(counts.sum())

    def __call__(self, tasks: Mapping[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
        """Return the codes of some rows' tasks, float32 [R, C]; categories count from 0."""
        parts = [np.asarray(tasks[key])[rows].reshape(len(rows), -1) for key in self.keys]
        return (np.concatenate(parts, axis=1) + self._shift).astype(np.float32)


class RecurrentQ(nn.Module):
    """The values of actions after all that was seen: a GRU with dueling heads.

    Args:
        input_size: D.
        num_actions: A.
        hidden_size: H.

    Source: Wang et al. 2016 (dueling), equation 9.
    """

    def __init__(self, input_size: int, num_actions: int, hidden_size: int):
        super().__init__()
        self.encoder = nn.Linear(input_size, hidden_size)
        self.memory = nn.GRU(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, 1)
        self.advantage = nn.Linear(hidden_size, num_actions)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return values [T, B, A] and the state after the last step [B, H].

        Args:
            inputs: [T, B, D].
            state: Before the first step, [B, H]; None is nothing seen.
        """
        carried = None if state is None else state[None]
        features, last = self.memory(torch.relu(self.encoder(inputs)), carried)
        advantage = self.advantage(features)
        values = self.value(features) + advantage - advantage.mean(dim=-1, keepdim=True)
        return values, last[0]


class Inference(nn.Module):
    """Infers the latent of a problem from exploring it: g of the paper.

    Args:
        input_size: D.
        hidden_size: H.
        latent_size: L.
    """

    def __init__(self, input_size: int, hidden_size: int, latent_size: int):
        super().__init__()
        self.encoder = nn.Linear(input_size, hidden_size)
        self.memory = nn.GRU(hidden_size, hidden_size)
        self.latent = nn.Linear(hidden_size, latent_size)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return what is inferred after each step [T, B, L], and the state [B, H].

        Args:
            inputs: [T, B, D].
            state: As in `RecurrentQ`.
        """
        carried = None if state is None else state[None]
        features, last = self.memory(torch.relu(self.encoder(inputs)), carried)
        return self.latent(features), last[0]


class DreamPolicy(nn.Module):
    """One network explores, one carries out; a problem's latent passes from one to the other.

    Args:
        observation_space: Space of one row: vectors, discrete (one-hot), Dicts of these.
        action_space: Discrete.
        code_size: C, numbers of a problem's code.
        categories: Of all parts of the code together; 0 if the code is no categories.
        hidden_size: H, of all networks.
        latent_size: L.
        embedding_std: Deviation of the latents' numbers at the start.

    Raises:
        TypeError: If a space is not supported.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        code_size: int,
        categories: int,
        hidden_size: int = 96,
        latent_size: int = 16,
        embedding_std: float = 0.8,
    ):
        super().__init__()
        if not isinstance(action_space, spaces.Discrete):
            raise TypeError(
                f"action_space={action_space}: DREAM compares the values of single actions; it "
                "takes Discrete spaces"
            )
        self.builder = vector_inputs(observation_space, action_space, "DreamPolicy")
        self.num_actions, self.first_action = int(action_space.n), int(action_space.start)
        self.hidden_size, self.latent_size = hidden_size, latent_size
        size = self.builder.size
        self.exploration = RecurrentQ(size, self.num_actions, hidden_size)
        self.execution = RecurrentQ(size + latent_size, self.num_actions, hidden_size)
        self.inference = Inference(size, hidden_size, latent_size)
        self.slow = nn.ModuleDict(
            {name: copy.deepcopy(getattr(self, name)) for name in ("exploration", "execution")}
        ).requires_grad_(False)
        self.embedding: nn.Module
        if categories:
            self.embedding = nn.EmbeddingBag(categories, latent_size, mode="sum")
            nn.init.normal_(self.embedding.weight, std=embedding_std / np.sqrt(code_size))
        else:
            self.embedding = nn.Sequential(
                nn.Linear(code_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, latent_size)
            )

    def latents(self, codes: Tensor) -> Tensor:
        """Return the latents of problems, [B, L]: F of the paper.

        Args:
            codes: [B, C].
        """
        one_hot = isinstance(self.embedding, nn.EmbeddingBag)
        return self.embedding(codes.long() if one_hot else codes)

    def told(self, inputs: Tensor, latents: Tensor) -> Tensor:
        """Return what execution sees, [T, B, D + L]: nothing of the episode before.

        Args:
            inputs: [T, B, D].
            latents: [B, L].
        """
        begins = inputs[..., -1:]
        size = self.builder.observation_size
        parts = [inputs[..., :size], inputs[..., size:-1] * (1.0 - begins), begins]
        return torch.cat([*parts, latents.expand(*inputs.shape[:2], -1)], dim=-1)

    def state(self, num_rows: int) -> Tensor:
        """Return the state of each network before the first step, [rows, H]."""
        return torch.zeros(num_rows, self.hidden_size, device=next(self.parameters()).device)

    @torch.no_grad()
    def follow(self, tau: float) -> None:
        """Move the slow copies a share `tau` of the way."""
        for name, slow in self.slow.items():
            for old, new in zip(slow.parameters(), getattr(self, name).parameters(), strict=True):
                old.lerp_(new, tau)


def _categories(space: spaces.Space) -> Any:
    return space if isinstance(space, spaces.Discrete | spaces.MultiDiscrete) else None


def _counts(space: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of categories of each number of a part, and the first of each."""
    if isinstance(space, spaces.Discrete):
        return np.array([int(space.n)]), np.array([int(space.start)])
    return space.nvec.ravel(), space.start.ravel()
