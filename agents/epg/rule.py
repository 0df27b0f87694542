"""Learners that descend a learnt loss. M learners, R rows of each, T steps, N steps of a buffer.

F numbers of a step: observation, action, what the policy says of it, reward, end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from gymnasium import spaces
from torch.nn.functional import one_hot, pad

from meta_envs.core.rng import fold

from ..core.learning.functional import clip_norm, norms
from ..core.lifetimes.actor_critic import descend
from ..core.lifetimes.lives import FOUND
from ..core.lifetimes.ppo import Batch, PPORule
from ..core.lifetimes.rule import Learners, Unroll
from ..core.nets.actor_critic import ActorCritic
from ..core.nets.input_size import input_size
from .network import LossNetwork

_MEMORY, _ONES = "memory", 64  # the unit is a layer on so many ones
_RAW = 2  # last numbers of a step, which are not normalised: reward and end
_FURTHEST = 10.0  # deviations from the mean at which numbers are cut


def features_of(network: ActorCritic) -> int:
    """Return F.

    Raises:
        TypeError: If actions or observations are of another kind.
    """
    actions = action_size(network.action_space)
    said = actions if isinstance(network.action_space, spaces.Discrete) else 2 * actions
    return input_size(network, "EPG") + actions + said + _RAW


def action_size(space: spaces.Space) -> int:
    """Return the numbers of an action: its own, or one for each choice.

    Raises:
        TypeError: If it is neither a Box nor Discrete.
    """
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.Box):
        return math.prod(space.shape)
    raise TypeError(f"EPG takes Box and Discrete actions, not {space}")


@dataclass(frozen=True)
class EPGRule(PPORule):
    """Learners with a buffer and a memory unit; learners may have a loss each, as `FOUND` [M, Q].

    A step descends (1 - guide) times the learnt loss plus guide times PPO's.

    Args:
        loss_network: The form of the loss.
        found: The loss of learners that have none of their own, [Q].
        buffer_size: N.
        memory_size: Numbers of the memory unit.
        guide: Share of PPO's loss.
        sees_reward: Show rewards to the loss; else it sees 0.
    """

    loss_network: LossNetwork | None = None
    found: torch.Tensor | None = None
    buffer_size: int = 512
    memory_size: int = 32
    guide: float = 0.0
    sees_reward: bool = True

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        learners = super().begin(seeds)
        units = learners["policy"].new_zeros(len(seeds), self.memory_size, _ONES + 1)
        for unit, seed in zip(units, seeds, strict=True):
            generator = torch.Generator().manual_seed(fold(int(seed), _MEMORY) % 2**63)
            unit.normal_(0.0, _ONES**-0.5, generator=generator)
        unit_state = self.optimizer.begin(units)
        size = features_of(self.network)
        zeros = units.new_zeros(len(seeds), size)
        return {
            **learners,
            **{_MEMORY: units, **{f"{_MEMORY}.{name}": one for name, one in unit_state.items()}},
            **{"norm.count": zeros[:, :1], "norm.mean": zeros, "norm.squares": zeros},
        }

    def room(self, learners: Learners, num_rows: int) -> Learners:
        """Return an empty buffer: what was seen, raw numbers of steps, and where there are any."""
        new, shape = learners["policy"].new_zeros, (len(learners["policy"]), num_rows)
        inputs = input_size(self.network, "EPG")
        plain = action_size(self.network.action_space) + _RAW
        return {
            "buffer.inputs": new(*shape, self.buffer_size, inputs),
            "buffer.plain": new(*shape, self.buffer_size, plain),
            "buffer.known": new(*shape, self.buffer_size),
        }

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Take steps on the learnt loss of what each learner did last."""
        learners = self.remember(learners, unroll)
        steps, _, rows = (
            unroll.mask.shape
        )  # perhaps fewer than `n_steps`, the newest of which they are
        place = torch.arange((self.n_steps - steps) * rows, self.n_steps * rows)
        batch = {"place": place.expand(len(learners["policy"]), -1)}
        batch |= self._batch(learners, unroll) if self.guide else {"mask": _by_learner(unroll.mask)}
        return self.passes(learners, batch, differentiable)

    @torch.no_grad()
    def remember(self, learners: Learners, unroll: Unroll) -> Learners:
        """Return learners with an unroll at the end of their buffers, and in their means."""
        inputs, plain = unroll.inputs[:-1], self._plain(unroll)
        said = self._said(unroll.record["policy"])
        space = self.network.action_space
        at = action_size(space)
        whole = torch.cat([inputs, plain[..., :at], said, plain[..., at:]], dim=-1)
        fresh = {
            **{"buffer.inputs": inputs, "buffer.plain": plain},
            "buffer.known": unroll.mask,
        }
        steps = len(unroll.mask)
        buffers = {
            name: torch.cat([learners[name], part.movedim(0, 2)], dim=2)[:, :, steps:]
            if steps < self.buffer_size
            else part.movedim(0, 2)[:, :, -self.buffer_size :]
            for name, part in fresh.items()
        }
        return {**learners, **buffers, **_counted(learners, whole, unroll.mask)}

    def learnt_loss(
        self, learners: Learners, policy: torch.Tensor, unit: torch.Tensor, newest: int
    ) -> torch.Tensor:
        """Return the loss of the newest steps [M, R, newest].

        Args:
            learners: [M, ...].
            policy: Parameters, [M, P].
            unit: Parameters of the memory units, [M, C, 65].
            newest: Number of steps.
        """
        assert self.loss_network is not None
        inputs, plain = learners["buffer.inputs"], learners["buffer.plain"]
        outputs = self.network.forward(policy, inputs.flatten(1, 2), of="policy")["policy"]
        said = self._said(outputs).reshape(*inputs.shape[:3], -1)
        at = action_size(self.network.action_space)
        steps = torch.cat([inputs, plain[..., :at], said], dim=-1)
        normal = _normalised(steps, learners)
        steps = torch.cat([normal, plain[..., at:]], dim=-1) * learners["buffer.known"][..., None]
        memory = torch.tanh(unit.sum(dim=-1))
        found = learners[FOUND] if FOUND in learners else self.found
        assert found is not None
        return self.loss_network.forward(found.expand(len(policy), -1), steps, memory, newest)

    # ---- inside ---------------------------------------------------------------------------------

    def _plain(self, unroll: Unroll) -> torch.Tensor:
        """Return actions as numbers, rewards as the loss sees them, and ends, [T, M, R, ...]."""
        actions, space = unroll.actions, self.network.action_space
        if isinstance(space, spaces.Discrete):
            actions = one_hot(actions - int(space.start), int(space.n))
        actions = actions.reshape(*unroll.mask.shape, -1).to(unroll.rewards.dtype)
        ended = 1.0 - unroll.alive * (1.0 - unroll.cut)
        rewards = unroll.rewards if self.sees_reward else torch.zeros_like(unroll.rewards)
        return torch.cat([actions, torch.stack([rewards, ended], dim=-1)], dim=-1)

    def _said(self, policy: torch.Tensor) -> torch.Tensor:
        """Return distribution parameters as the loss sees them."""
        return policy.exp() if isinstance(self.network.action_space, spaces.Discrete) else policy

    def _step(
        self, learners: Learners, part: Batch, differentiable: bool
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        policy, unit = (learners[name].detach().requires_grad_() for name in ("policy", _MEMORY))
        newest = min(self.n_steps, self.buffer_size)
        losses = self.learnt_loss(learners, policy, unit, newest)
        by_time = pad(losses, (max(self.n_steps - newest, 0), 0)).transpose(1, 2).flatten(1)
        learnt = _mean(by_time.gather(1, part["place"]), part["mask"])
        total, figures = learnt, {"learnt_loss": learnt}
        if self.guide:
            given = {name: one for name, one in part.items() if name != "place"}
            guiding, figures = self.loss(learners, policy, given)
            total = (1 - self.guide) * learnt + self.guide * guiding
            figures = {**figures, "learnt_loss": learnt}
        grads, of_unit = torch.autograd.grad(total.sum(), (policy, unit), allow_unused=True)
        clipped = clip_norm(grads, self.max_grad_norm)
        updated = descend(self.optimizer, learners, policy, clipped, self.learning_rate)
        if of_unit is not None and self.memory_size:
            state = {
                name.removeprefix(f"{_MEMORY}."): one
                for name, one in learners.items()
                if name.startswith(f"{_MEMORY}.")
            }
            after, state = self.optimizer.step(unit, of_unit, state, self.learning_rate)
            updated |= {_MEMORY: after, **{f"{_MEMORY}.{name}": one for name, one in state.items()}}
        figures = {**figures, "grad_norm": norms(grads)}
        return (
            {name: one.detach() for name, one in updated.items()},
            {name: one.detach() for name, one in figures.items()},
        )


def _by_learner(values: torch.Tensor) -> torch.Tensor:
    """Return [M, T R] of [T, M, R]."""
    return values.transpose(0, 1).flatten(1)


def _mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (values * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


def _counted(learners: Learners, steps: torch.Tensor, mask: torch.Tensor) -> Learners:
    """Return running counts, means and sums of squares with new steps [T, M, R, F]."""
    flat = steps.transpose(0, 1).flatten(1, 2)
    weight = _by_learner(mask).unsqueeze(-1)
    fresh = weight.sum(dim=1)  # [M, 1]
    mean = (flat * weight).sum(dim=1) / fresh.clamp(min=1.0)
    squares = ((flat - mean.unsqueeze(1)).square() * weight).sum(dim=1)
    before, count = learners["norm.count"], learners["norm.count"] + fresh
    apart, share = mean - learners["norm.mean"], fresh / count.clamp(min=1.0)
    return {
        "norm.count": count,
        "norm.mean": learners["norm.mean"] + apart * share,
        "norm.squares": learners["norm.squares"] + squares + apart.square() * before * share,
    }


def _normalised(steps: torch.Tensor, learners: Learners) -> torch.Tensor:
    """Return numbers of steps [M, R, N, F'] less their means, in deviations."""
    size = steps.shape[-1]
    mean, squares = (learners[f"norm.{name}"][:, None, None, :size] for name in ("mean", "squares"))
    variance = squares / learners["norm.count"].clamp(min=1.0)[:, None, None]
    scaled = (steps - mean) / (variance + 1e-4).sqrt()
    return scaled.clamp(-_FURTHEST, _FURTHEST)
