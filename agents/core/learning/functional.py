"""Optimisers as pure functions: state in, state out, differentiable. M learners, P parameters.

Parameters and gradients are [M, ...], one learner's along the first axis; nothing is written in
place, so that a graph through many steps is kept by whoever wants one. What is held for each
parameter has its shape, what is held for each learner is [M]: learners may be of different ages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

State = dict[str, torch.Tensor]
Rate = float | torch.Tensor  # a number, or a tensor [] or [M]


@dataclass(frozen=True)
class Optimizer(ABC):
    """What SGD, RMSProp and Adam have in common."""

    @abstractmethod
    def begin(self, params: torch.Tensor) -> State:
        """Return the state before the first step, for parameters [M, ...]."""

    @abstractmethod
    def step(
        self, params: torch.Tensor, grads: torch.Tensor, state: State, learning_rate: Rate
    ) -> tuple[torch.Tensor, State]:
        """Return parameters and state after a step.

        Args:
            params: [M, ...].
            grads: Of the loss to be made smaller, [M, ...].
            state: Of `begin` or of the last step.
            learning_rate: A number, or a tensor [] or [M].
        """


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with momentum where it is not 0; as `torch.optim.SGD`.

    Args:
        momentum: Share of the last direction that is kept.
        nesterov: Look ahead along it.
    """

    momentum: float = 0.0
    nesterov: bool = False

    def begin(self, params: torch.Tensor) -> State:
        """Return no motion, [M, ...]."""
        return {"motion": torch.zeros_like(params)} if self.momentum else {}

    def step(
        self, params: torch.Tensor, grads: torch.Tensor, state: State, learning_rate: Rate
    ) -> tuple[torch.Tensor, State]:
        """Return parameters and state after a step."""
        rate = _by_learner(learning_rate, params)
        if not self.momentum:
            return params - rate * grads, {}
        motion = self.momentum * state["motion"] + grads
        ahead = grads + self.momentum * motion if self.nesterov else motion
        return params - rate * ahead, {"motion": motion}


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """Gradients in units of their running size; as `torch.optim.RMSprop` at `eps_root=0`.

    The denominator is sqrt(v + eps_root) + eps. TensorFlow's RMSProp, which papers of before 2020
    used, has its epsilon inside: `eps=0, eps_root=epsilon`.

    Args:
        decay: Of the running mean of squares (`alpha` of torch).
        eps: Outside the root.
        eps_root: Inside it. Above 0 where steps are differentiated: at v = 0 the root has no
            derivative, and 0 gives NaN.
        momentum: Share of the last direction that is kept.
        detach_second_moment: Let no derivative through the denominator.
    """

    decay: float = 0.99
    eps: float = 1e-8
    eps_root: float = 0.0
    momentum: float = 0.0
    detach_second_moment: bool = False

    def begin(self, params: torch.Tensor) -> State:
        """Return squares of 0, [M, ...], and no motion where there is momentum."""
        names = ("squares", "motion") if self.momentum else ("squares",)
        return {name: torch.zeros_like(params) for name in names}

    def step(
        self, params: torch.Tensor, grads: torch.Tensor, state: State, learning_rate: Rate
    ) -> tuple[torch.Tensor, State]:
        """Return parameters and state after a step."""
        squares = self.decay * state["squares"] + (1 - self.decay) * grads.square()
        size = squares.detach() if self.detach_second_moment else squares
        direction = grads / (_root(size, self.eps_root) + self.eps)
        after = {"squares": squares}
        if self.momentum:
            direction = after["motion"] = self.momentum * state["motion"] + direction
        return params - _by_learner(learning_rate, params) * direction, after


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015); as `torch.optim.Adam` at `eps_root=0`.

    Args:
        beta1: Decay of the running mean of gradients.
        beta2: Decay of the running mean of squares.
        eps: Outside the root.
        eps_root: Inside it, added to the corrected mean of squares; see `RMSProp`.
        detach_second_moment: Let no derivative through the denominator.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    eps_root: float = 0.0
    detach_second_moment: bool = False

    def begin(self, params: torch.Tensor) -> State:
        """Return moments of 0, [M, ...], and the number of steps, [M]."""
        return {
            "mean": torch.zeros_like(params),
            "squares": torch.zeros_like(params),
            "steps": params.new_zeros(len(params), dtype=torch.float64),
        }

    def step(
        self, params: torch.Tensor, grads: torch.Tensor, state: State, learning_rate: Rate
    ) -> tuple[torch.Tensor, State]:
        """Return parameters and state after a step."""
        steps = state["steps"] + 1
        mean = self.beta1 * state["mean"] + (1 - self.beta1) * grads
        squares = self.beta2 * state["squares"] + (1 - self.beta2) * grads.square()
        size = squares.detach() if self.detach_second_moment else squares
        # in float64: 1 - .999 in float32 is off by 5e-5 of itself
        of_mean, of_squares = (
            _by_learner((1 - beta**steps).to(params.dtype), params)
            for beta in (self.beta1, self.beta2)
        )
        unbiased = mean / of_mean
        scale = _root(size / of_squares, self.eps_root)
        direction = unbiased / (scale + self.eps)
        after = {"mean": mean, "squares": squares, "steps": steps}
        return params - _by_learner(learning_rate, params) * direction, after


def clip_norm(grads: torch.Tensor, max_norm: Rate | None) -> torch.Tensor:
    """Return gradients of at most the given norm, each learner's by itself.

    Args:
        grads: [M, ...].
        max_norm: A number, or a tensor [] or [M]; None clips nothing.
    """
    if max_norm is None:
        return grads
    norm = norms(grads)
    bound = torch.as_tensor(max_norm, dtype=grads.dtype, device=grads.device)
    scale = torch.where(norm > bound, bound / norm.clamp(min=torch.finfo(norm.dtype).tiny), 1.0)
    return grads * _by_learner(scale, grads)


def norms(grads: torch.Tensor) -> torch.Tensor:
    """Return the Euclidean norm of each learner's gradient, [M]; its derivative at 0 is 0."""
    squares = grads.reshape(len(grads), -1).square().sum(dim=1)
    positive = squares > 0
    return torch.where(positive, torch.where(positive, squares, 1.0).sqrt(), 0.0)


def _root(size: torch.Tensor, eps_root: float) -> torch.Tensor:
    return torch.sqrt(size + eps_root) if eps_root else torch.sqrt(size)


def _by_learner(value: Rate, like: torch.Tensor) -> Rate:
    """Return [M] as [M, 1, ...], to be multiplied with what is [M, ...]; numbers and [] as is."""
    if isinstance(value, torch.Tensor) and value.ndim:
        return value.reshape(-1, *(1,) * (like.ndim - 1))
    return value
