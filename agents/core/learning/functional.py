"""Optimisers as pure functions: state in, state out, differentiable. M learners, P parameters.

Parameters and gradients are [M, ...], with learners along the first axis. Nothing is written in
place, so callers may keep a graph through many steps. State held for each parameter has its shape,
state held for each learner is [M]: learners may have taken different numbers of steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

State = dict[str, torch.Tensor]
Rate = float | torch.Tensor  # a number, or a tensor [], [M] or, one for each parameter, [M, ...]


@dataclass(frozen=True)
class Optimizer(ABC):
    """The interface shared by SGD, RMSProp and Adam."""

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
            grads: Gradients of the loss to be minimised, [M, ...].
            state: From `begin` or the last step.
            learning_rate: A number, or a tensor [] or [M].
        """


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with momentum if it is not 0; like `torch.optim.SGD`.

    Args:
        momentum: Share of the previous direction that is kept.
        nesterov: Use Nesterov momentum.
    """

    momentum: float = 0.0
    nesterov: bool = False

    def begin(self, params: torch.Tensor) -> State:
        """Return zero momentum, [M, ...]."""
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
    """Gradients divided by their running size; like `torch.optim.RMSprop` if `eps_root=0`.

    The denominator is sqrt(v + eps_root) + eps. TensorFlow's RMSProp, used by papers before 2020,
    has its epsilon inside the root: `eps=0, eps_root=epsilon`.

    Args:
        decay: Decay of the running mean of squares (`alpha` in torch).
        eps: Added outside the root.
        eps_root: Added inside the root. Use a value above 0 if steps are differentiated: at v = 0
            the root has no derivative, and 0 gives NaN.
        momentum: Share of the previous direction that is kept.
        detach_second_moment: Let no derivative through the denominator.
    """

    decay: float = 0.99
    eps: float = 1e-8
    eps_root: float = 0.0
    momentum: float = 0.0
    detach_second_moment: bool = False

    def begin(self, params: torch.Tensor) -> State:
        """Return mean squares of 0, [M, ...], and zero momentum if momentum is used."""
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
    """Adam (Kingma and Ba 2015); like `torch.optim.Adam` if `eps_root=0`.

    Args:
        beta1: Decay of the running mean of gradients.
        beta2: Decay of the running mean of squares.
        eps: Added outside the root.
        eps_root: Added inside the root, to the corrected mean of squares; see `RMSProp`.
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
        # in float64: 1 - .999 in float32 has a relative error of 5e-5
        of_mean, of_squares = (
            _by_learner((1 - beta**steps).to(params.dtype), params)
            for beta in (self.beta1, self.beta2)
        )
        unbiased = mean / of_mean
        scale = _root(size / of_squares, self.eps_root)
        direction = unbiased / (scale + self.eps)
        after = {"mean": mean, "squares": squares, "steps": steps}
        return params - _by_learner(learning_rate, params) * direction, after


@dataclass(frozen=True)
class Annealed(Optimizer):
    """Another optimiser, whose learning rate moves linearly from what is given to a share of it.

    Args:
        inner: The optimiser.
        last: Share of the learning rate that is left at the end.
        updates: Steps until then, after which the rate stays.
    """

    inner: Optimizer
    last: float
    updates: float

    def begin(self, params: torch.Tensor) -> State:
        """Return the optimiser's state, and the number of steps, [M]."""
        taken = params.new_zeros(len(params), dtype=torch.float64)
        return {**self.inner.begin(params), "updates": taken}

    def step(
        self, params: torch.Tensor, grads: torch.Tensor, state: State, learning_rate: Rate
    ) -> tuple[torch.Tensor, State]:
        """Return parameters and state after a step."""
        taken = state["updates"]
        done = (taken / self.updates).clamp(max=1.0)
        rate = learning_rate * (1.0 + (self.last - 1.0) * done).to(params.dtype)
        own = {name: part for name, part in state.items() if name != "updates"}
        params, after = self.inner.step(params, grads, own, rate)
        return params, {**after, "updates": taken + 1}


def clip_norm(grads: torch.Tensor, max_norm: Rate | None) -> torch.Tensor:
    """Return gradients clipped to at most the given norm, for each learner separately.

    Args:
        grads: [M, ...].
        max_norm: A number, or a tensor [] or [M]; None for no clipping.
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
    """Return [M] as [M, 1, ...], to multiply [M, ...]; numbers, [] and [M, ...] are unchanged."""
    if isinstance(value, torch.Tensor) and 0 < value.ndim < like.ndim:
        return value.reshape(-1, *(1,) * (like.ndim - 1))
    return value
