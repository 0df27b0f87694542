"""What a belief must explain: rewards, successors, the task. E beliefs, B trials, T steps.

Each decoder gives the log likelihood of a trial's steps, past and future alike, under latents
[E, B, L] sampled from E beliefs of that trial. No decoder sees the encoder's inputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from gymnasium import spaces
from torch import nn

from ..core.nets.kernels.layer import Linear
from ..core.nets.trunk import make_layers
from .experience import Transitions
from .losses import bernoulli_log_likelihood, gaussian_log_likelihood, goal_log_likelihood

_MOST_CELLS = 10_000


class Decoder(nn.Module, ABC):
    """Explains one aspect of trials from a latent."""

    @abstractmethod
    def log_likelihood(
        self,
        latents: torch.Tensor,
        trials: Transitions,
        steps: torch.Tensor | None = None,
        beliefs: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the log likelihood of the trials' steps, summed over them.

        Args:
            latents: [E, B, L].
            trials: The B trials.
            steps: Decode only these and scale their sum up to all; int64 [S]. None decodes all.
            beliefs: Which beliefs the latents are of, int64 [E], the prior being 0; None is all.

        Returns:
            [E, B].
        """


class _StepDecoder(Decoder):
    """An MLP over the latent and a part of each step, run E x S x B times; unit variance.

    Args:
        latent_size: L.
        shown_size: How many numbers of a step the MLP is shown.
        target_size: How many numbers it predicts.
        net_arch: Widths of its layers.
    """

    def __init__(
        self, latent_size: int, shown_size: int, target_size: int, net_arch: Sequence[int]
    ):
        super().__init__()
        sizes = [latent_size + shown_size, *net_arch]
        self.network = nn.Sequential(
            make_layers(sizes[0], net_arch, nn.ReLU), Linear(sizes[-1], target_size)
        )

    @abstractmethod
    def shown(self, trials: Transitions) -> torch.Tensor:
        """Return what the MLP is shown of each step, [T, B, ...]."""

    @abstractmethod
    def target(self, trials: Transitions) -> torch.Tensor:
        """Return what it predicts, [T, B, ...]."""

    def log_likelihood(
        self,
        latents: torch.Tensor,
        trials: Transitions,
        steps: torch.Tensor | None = None,
        beliefs: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See `Decoder`."""
        shown, target, mask = self.shown(trials), self.target(trials), trials.mask
        scale = torch.ones_like(mask[0])
        if steps is not None:
            scale = mask.sum(0) / mask[steps].sum(0).clamp(min=1.0)
            shown, target, mask = shown[steps], target[steps], mask[steps]
        sizes = (len(latents), *shown.shape[:2])
        both = torch.cat(
            [latents[:, None].expand(*sizes, -1), shown[None].expand(*sizes, -1)], dim=-1
        )
        likelihood = gaussian_log_likelihood(self.network(both), target)
        return (likelihood * mask).sum(dim=1) * scale


class RewardDecoder(_StepDecoder):
    """Predicts r from the latent, s, a and the successor s'.

    Args:
        latent_size: L.
        observation_size: O.
        action_size: A.
        net_arch: Widths of its layers.
    """

    def __init__(
        self, latent_size: int, observation_size: int, action_size: int, net_arch: Sequence[int]
    ):
        super().__init__(latent_size, 2 * observation_size + action_size, 1, net_arch)

    def shown(self, trials: Transitions) -> torch.Tensor:
        """Return s, a, s'."""
        return torch.cat([trials.before, trials.actions, trials.after], dim=-1)

    def target(self, trials: Transitions) -> torch.Tensor:
        """Return r."""
        return trials.rewards[..., None]


class StateDecoder(_StepDecoder):
    """Predicts the successor s' from the latent, s and a.

    Args:
        latent_size: L.
        observation_size: O.
        action_size: A.
        net_arch: Widths of its layers.
    """

    def __init__(
        self, latent_size: int, observation_size: int, action_size: int, net_arch: Sequence[int]
    ):
        super().__init__(latent_size, observation_size + action_size, observation_size, net_arch)

    def shown(self, trials: Transitions) -> torch.Tensor:
        """Return s, a."""
        return torch.cat([trials.before, trials.actions], dim=-1)

    def target(self, trials: Transitions) -> torch.Tensor:
        """Return s'."""
        return trials.after


class CellDecoder(Decoder):
    """Predicts from only the latent, for every cell of a grid, whether a step into it pays.

    One pass gives all cells, so every belief decodes every step of its trial at the cost of one.

    If a policy stops looking as soon as it has found the goal, no trial shows that the cells it
    would have tried next are empty, and `one_pays=False` overrates them.

    Args:
        latent_size: L.
        observation_space: Discrete, MultiDiscrete or a bounded Box of whole numbers; its points
            are the cells.
        net_arch: Widths of its layers.
        one_pays: Whether exactly one cell pays, every time; probabilities then sum to 1.

    Raises:
        TypeError: If the space has no cells.

    Source:
        Zintgraf et al. 2020, appendix C.1 (one head per cell, binary cross-entropy); `one_pays` is
        ours.
    """

    def __init__(
        self,
        latent_size: int,
        observation_space: spaces.Space,
        net_arch: Sequence[int],
        one_pays: bool = False,
    ):
        super().__init__()
        self.one_pays = one_pays
        self.one_hot = not isinstance(observation_space, spaces.Box)
        self.shape = _cells(observation_space)
        low = observation_space.low if isinstance(observation_space, spaces.Box) else 0
        self.low = torch.as_tensor(np.asarray(low, np.float32))
        sizes = [latent_size, *net_arch]
        self.network = nn.Sequential(
            make_layers(latent_size, net_arch, nn.ReLU),
            Linear(sizes[-1], int(np.prod(self.shape))),
        )

    def index(self, observations: torch.Tensor) -> torch.Tensor:
        """Return the cell indices of flat observations [..., O], int64 [...]."""
        if self.one_hot:
            parts = observations.split(self.shape, dim=-1)
            places = torch.stack([part.argmax(dim=-1) for part in parts], dim=-1)
        else:
            places = (observations - self.low.to(observations.device)).round().long()
            places = places.clamp(min=0)  # padding
        index = torch.zeros_like(places[..., 0])
        for axis, size in enumerate(self.shape):
            index = index * size + places[..., axis]
        return index

    def probabilities(self, latents: torch.Tensor) -> torch.Tensor:
        """Return the probability that each cell pays, [..., L] -> [..., *grid]."""
        logits = self.network(latents)
        pays = torch.softmax(logits, dim=-1) if self.one_pays else torch.sigmoid(logits)
        return pays.reshape(*latents.shape[:-1], *self.shape)

    def log_likelihood(
        self,
        latents: torch.Tensor,
        trials: Transitions,
        steps: torch.Tensor | None = None,
        beliefs: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See `Decoder`; all steps are decoded in any case."""
        cells = self.index(trials.after).T  # [B, T]
        pays = (trials.rewards > 0).to(trials.mask.dtype)
        logits = self.network(latents)
        empty = logits.new_zeros(cells.shape[0], logits.shape[-1])
        hits = empty.scatter_add(1, cells, (pays * trials.mask).T)
        misses = empty.scatter_add(1, cells, ((1 - pays) * trials.mask).T)
        likelihood = goal_log_likelihood if self.one_pays else bernoulli_log_likelihood
        return likelihood(logits, hits, misses)


class TaskDecoder(Decoder):
    """Predicts the task itself: privileged information, used only in training.

    Args:
        latent_size: L.
        task_size: Numbers of a flat task.
        net_arch: Widths of its layers.

    Source:
        Humplik et al. 2019, section 3.2.
    """

    def __init__(self, latent_size: int, task_size: int, net_arch: Sequence[int]):
        super().__init__()
        sizes = [latent_size, *net_arch]
        self.network = nn.Sequential(
            make_layers(latent_size, net_arch, nn.ReLU), Linear(sizes[-1], task_size)
        )

    def log_likelihood(
        self,
        latents: torch.Tensor,
        trials: Transitions,
        steps: torch.Tensor | None = None,
        beliefs: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See `Decoder`; the task counts once: the one in force after each belief's steps."""
        tasks = trials.believed_tasks
        target = tasks if beliefs is None else tasks[beliefs]
        return gaussian_log_likelihood(self.network(latents), target)


def _cells(space: spaces.Space) -> list[int]:
    """Return how many cells a grid has along each axis."""
    shape: list[int] = []
    if isinstance(space, spaces.Discrete):
        shape = [int(space.n)]
    elif isinstance(space, spaces.MultiDiscrete):
        shape = space.nvec.ravel().tolist()
    elif isinstance(space, spaces.Box) and len(space.shape) == 1 and space.is_bounded():
        ends = np.stack([space.low, space.high])
        if (ends == np.round(ends)).all():
            shape = (ends[1] - ends[0] + 1).astype(int).tolist()
    if not shape or int(np.prod(shape)) > _MOST_CELLS:
        raise TypeError(
            f"observation_space={space} has no cells, or more than {_MOST_CELLS}; "
            "reward_decoder='cells' and 'goal' are for grids, 'steps' for everything else"
        )
    return shape
