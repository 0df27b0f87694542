"""DREAM's networks. T steps, B rows, D inputs, H hidden, A actions, L latents, C codes."""

from __future__ import annotations

import copy

import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..core.nets.frames import FrameEncoders
from ..core.nets.problems import embedded, problem_embedding
from ..core.nets.step_inputs import StepInputs


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


class ExploringPolicy(nn.Module):
    """One network explores, one carries out; a latent passes from one to the other.

    Args:
        observation_space: Space of one row: vectors, discrete (one-hot), frames, Dicts of these.
        action_space: Discrete.
        hidden_size: H, of all networks.
        latent_size: L.
        frame_features: Features of each frame; None is 512, or 64 for frames under 36 pixels. All
            networks share what reads frames, which has no slow copy.

    Raises:
        TypeError: If a space is not supported.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        hidden_size: int = 96,
        latent_size: int = 16,
        frame_features: int | None = None,
    ):
        super().__init__()
        if not isinstance(action_space, spaces.Discrete):
            raise TypeError(
                f"action_space={action_space}: the values of single actions are compared; "
                f"{type(self).__name__} takes Discrete spaces"
            )
        self.builder = StepInputs(observation_space, action_space)
        kept = list(self.builder.frame_spaces.values())
        self.frames = FrameEncoders(kept, frame_features) if kept else None
        self.frame_size = 0 if self.frames is None else self.frames.output_size
        self.num_actions, self.first_action = int(action_space.n), int(action_space.start)
        self.hidden_size, self.latent_size = hidden_size, latent_size
        size = self.frame_size + self.builder.size
        self.exploration = RecurrentQ(size, self.num_actions, hidden_size)
        self.execution = RecurrentQ(size + latent_size, self.num_actions, hidden_size)
        self.inference = Inference(size, hidden_size, latent_size)
        self.slow = nn.ModuleDict(
            {name: copy.deepcopy(getattr(self, name)) for name in ("exploration", "execution")}
        ).requires_grad_(False)

    def features(self, rows: Tensor) -> Tensor:
        """Return what the networks see of rows that the builder built, float32 [..., D]."""
        if self.frames is None:
            return rows
        frames = self.frames(self.builder.frames(rows))
        return torch.cat([frames, self.builder.numbers(rows)], dim=-1)

    def told(self, inputs: Tensor, latents: Tensor) -> Tensor:
        """Return what execution sees, [T, B, D + L]: nothing of the episode before.

        Args:
            inputs: [T, B, D].
            latents: [B, L].
        """
        begins = inputs[..., -1:]
        size = self.frame_size + self.builder.observation_size
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


class DreamPolicy(ExploringPolicy):
    """Both policies, and the latents of problems.

    Args:
        observation_space: As in `ExploringPolicy`.
        action_space: As in `ExploringPolicy`.
        code_size: C, numbers of a problem's code.
        categories: Of all parts of the code together; 0 if the code is no categories.
        hidden_size: H, of all networks.
        latent_size: L.
        embedding_std: Deviation of the latents' numbers at the start.
        frame_features: As in `ExploringPolicy`.

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
        frame_features: int | None = None,
    ):
        super().__init__(observation_space, action_space, hidden_size, latent_size, frame_features)
        self.embedding = problem_embedding(
            code_size, categories, latent_size, hidden_size, embedding_std
        )

    def latents(self, codes: Tensor) -> Tensor:
        """Return the latents of problems, [B, L]: F of the paper.

        Args:
            codes: [B, C].
        """
        return embedded(self.embedding, codes)
