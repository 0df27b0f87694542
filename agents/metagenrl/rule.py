"""Learners whose policies minimise a learnt objective, with critics. M learners, R rows of each.

T steps of a window, B windows, A action numbers, P parameters of a policy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from gymnasium import spaces

from ..core.learning.functional import Adam, Optimizer, norms
from ..core.lifetimes.actor_critic import descend, with_optimizer
from ..core.lifetimes.off_policy import Windows
from ..core.lifetimes.rule import Acted, Learners, Unroll
from ..core.nets.actor_critic import ActorCritic
from ..core.nets.input_size import input_size
from .networks import Critics, Objective
from .rewards import count_rewards, deviation_of_rewards

_CRITIC = "critic_optimizer."


@dataclass(frozen=True)
class ObjectiveRule:
    """TD3's learners, whose policies descend a learnt objective instead of the critic.

    Args:
        network: The policy, whose mean is the action before tanh.
        critics: The form of the twin critics.
        objective: The learnt objective; None is the critic (TD3).
        n_steps: Steps of a row between updates.
        window: T; as many, `least_steps`, are kept of each row before the first update.
        batch_size: B.
        capacity: Steps kept of each row.
        updates_per_step: Steps of the optimisers for each step of a row.
        learning_rate: Of policies (Adam).
        critic_learning_rate: Of critics (Adam).
        gamma: Discount.
        tau: Share of networks in their slow copies.
        exploration: Deviation of the noise on actions in [-1, 1].
        random_steps: Steps of a row in which actions are uniform.
        target_noise: Deviation of the noise on target actions, cut at `target_clip`.
        policy_delay: Steps of the critics for each of the policy.
        anneal_steps: Steps of a row in which the critic helps the policy, ever less.
        inner_learning_rate: Of the step that the meta-gradient goes through.
        optimizer: Optimiser of all.
    """

    network: ActorCritic
    critics: Critics
    objective: Objective | None
    n_steps: int
    window: int
    least_steps: int
    batch_size: int
    capacity: int
    updates_per_step: float
    learning_rate: float
    critic_learning_rate: float
    gamma: float
    tau: float
    exploration: float
    random_steps: int
    target_noise: float
    target_clip: float
    policy_delay: int
    anneal_steps: int
    inner_learning_rate: float
    optimizer: Optimizer = field(default_factory=Adam)

    adapts = ()

    # ---- what learners are ----------------------------------------------------------------------

    @property
    def action_size(self) -> int:
        """A."""
        return math.prod(self.network.action_space.shape or ())

    def noise_size(self) -> int:
        """Return A: each step of a window needs noise for its next action."""
        return self.action_size

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        policy, critic = self.network.begin(seeds), self.critics.begin(seeds)
        state = self.optimizer.begin(critic)
        zeros = policy.new_zeros(len(policy))
        return {
            **with_optimizer(self.optimizer, policy),
            **{"critic": critic, **{f"{_CRITIC}{name}": part for name, part in state.items()}},
            **{"slow_policy": policy.clone(), "slow_critic": critic.clone()},
            **{"steps": zeros, "rewards": zeros, "reward_mean": zeros, "reward_squares": zeros},
        }

    def room(self, learners: Learners, num_rows: int) -> Learners:
        """Return nothing: buffers belong to the loop."""
        return {}

    def act(
        self,
        learners: Learners,
        inputs: torch.Tensor,
        memory: torch.Tensor | None,
        noise: torch.Tensor | None,
    ) -> Acted:
        """Choose actions: the policy's, with noise; at first any."""
        flat = self.chosen(learners["policy"], inputs)
        if noise is not None:
            anywhere = 2 * torch.special.ndtr(noise) - 1  # uniform in [-1, 1]
            near = (flat + self.exploration * noise).clamp(-1, 1)
            young = (learners["steps"] < self.random_steps)[:, None, None]
            flat = torch.where(young, anywhere, near)
        return Acted(self._to_env(flat), {"flat": flat}, None)

    def chosen(self, policy: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """Return the policy's actions in [-1, 1], [M, N, A]."""
        params = self.network.forward(policy, inputs, of="policy")["policy"]
        return torch.tanh(params[..., : self.action_size])

    def _to_env(self, flat: torch.Tensor) -> torch.Tensor:
        space = self.network.action_space
        assert isinstance(space, spaces.Box)
        low, high = torch.as_tensor(space.low), torch.as_tensor(space.high)
        scaled = low + (flat.reshape(*flat.shape[:2], *low.shape) + 1) / 2 * (high - low)
        return torch.minimum(torch.maximum(scaled, low), high)  # against rounding

    # ---- what they keep -------------------------------------------------------------------------

    def fields(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what is kept of a step."""
        size = input_size(self.network, "MetaGenRL")
        return {
            **{"inputs": (size,), "actions": (self.action_size,), "rewards": (), "alive": ()},
            **{"continues": (), "next_inputs": (size,)},
        }

    def steps_of(self, unroll: Unroll) -> dict[str, torch.Tensor]:
        """Return what is kept of an unroll, each [T, M, R, ...]."""
        after = unroll.inputs[1:]
        if unroll.cut_inputs is not None:
            after = torch.where(unroll.cut.unsqueeze(-1) > 0, unroll.cut_inputs, after)
        return {
            **{"inputs": unroll.inputs[:-1], "actions": unroll.record["flat"]},
            **{"rewards": unroll.rewards, "alive": unroll.alive, "next_inputs": after},
            "continues": unroll.alive * (1 - unroll.cut),
        }

    def seen(self, learners: Learners, unroll: Unroll) -> Learners:
        """Return learners that have counted an unroll's steps and rewards."""
        steps = learners["steps"] + unroll.mask.sum(dim=0).amax(dim=1)
        return {**count_rewards(learners, unroll), "steps": steps}

    # ---- how they improve -----------------------------------------------------------------------

    def improve(
        self, learners: Learners, windows: Windows, noise: torch.Tensor, number: int
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Take a step of the critics, and every `policy_delay` times one of policies and copies."""
        learners, figures = self.critic_step(learners, windows, noise)
        if number % self.policy_delay:
            return learners, figures
        policy = learners["policy"].detach()
        loss, grads = self.policy_grads(learners, windows)
        learners = descend(self.optimizer, learners, policy, grads, self.learning_rate)
        slow = {
            f"slow_{name}": torch.lerp(learners[f"slow_{name}"], learners[name], self.tau)
            for name in ("policy", "critic")
        }
        figures = {**figures, "policy_loss": loss, "policy_grad_norm": norms(grads)}
        return {**learners, **slow}, figures

    def critic_step(
        self, learners: Learners, windows: Windows, noise: torch.Tensor
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Take a step of the critics towards their targets.

        Source:
            Fujimoto et al. 2018 (arXiv 1802.09477), algorithm 1.
        """
        flat = {name: _flat(part) for name, part in windows.items()}
        with torch.no_grad():
            cut = (self.target_noise * _flat(noise)).clamp(-self.target_clip, self.target_clip)
            after = (self.chosen(learners["slow_policy"], flat["next_inputs"]) + cut).clamp(-1, 1)
            values = self.critics.forward(learners["slow_critic"], flat["next_inputs"], after)
            target = flat["rewards"] + self.gamma * flat["alive"] * values.amin(dim=1)
        critic = learners["critic"].detach().requires_grad_()
        found = self.critics.forward(critic, flat["inputs"], flat["actions"])
        loss = (found - target.unsqueeze(1)).square().mean(dim=2).sum(dim=1)
        (grads,) = torch.autograd.grad(loss.sum(), critic)
        state = {
            name.removeprefix(_CRITIC): part
            for name, part in learners.items()
            if name.startswith(_CRITIC)
        }
        rate, optimizer = self.critic_learning_rate, self.optimizer
        stepped, state = optimizer.step(critic.detach(), grads, state, rate)
        learners = {**learners, **{f"{_CRITIC}{name}": part for name, part in state.items()}}
        return {**learners, "critic": stepped}, {"critic_loss": loss.detach()}

    def unit(self, learners: Learners) -> torch.Tensor:
        """Return the size of a constant value whose rewards are one deviation, [M]."""
        return deviation_of_rewards(learners) / self._per_step

    @property
    def _per_step(self) -> float:
        """Reward of a step in a constant value, as a share of the value: 1 - gamma."""
        return max(1 - self.gamma, 1e-3)

    def value(
        self, learners: Learners, policy: torch.Tensor, windows: Windows, of: str = "inputs"
    ) -> torch.Tensor:
        """Return the first critic's values of a policy's actions, in units, [M, T B]."""
        inputs = _flat(windows[of])
        first = learners["critic"][:, :1].detach()
        values = self.critics.forward(first, inputs, self.chosen(policy, inputs))[:, 0]
        return values / self.unit(learners)[:, None]

    def learnt_loss(
        self, learners: Learners, policy: torch.Tensor, windows: Windows
    ) -> torch.Tensor:
        """Return the learnt objective of policies [M, P], [M]; differentiable in both."""
        assert self.objective is not None
        steps = windows["rewards"].shape
        inputs = _flat(windows["inputs"])
        chosen = _by_time(self.chosen(policy, inputs), steps)
        with torch.no_grad():
            fixed = policy.detach()
            now = _by_time(self.value(learners, fixed, windows), steps)
            later = _by_time(self.value(learners, fixed, windows, "next_inputs"), steps)
            deviation = deviation_of_rewards(learners)[:, None]
            gain = (self.gamma * later * windows["alive"] - now) / self._per_step
            surprise = windows["rewards"] / deviation + gain
            rewards = (windows["rewards"] - learners["reward_mean"][:, None]) / deviation
            others = torch.stack([rewards, now, surprise], dim=-1)
        found = self.objective(windows["actions"], chosen, others, windows["continues"])
        return found.mean(dim=(0, 2))

    def policy_grads(
        self, learners: Learners, windows: Windows
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what policies descend, [M], and its gradient, [M, P].

        Where the critic helps, both gradients count at norm 1: an objective knows no scale, and
        the larger of the two would silence the other one.
        """
        policy = learners["policy"].detach().requires_grad_()

        def of(loss: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            (grads,) = torch.autograd.grad(loss.sum(), policy)
            return loss.detach(), grads

        if self.objective is None:
            return of(-self.value(learners, policy, windows).mean(dim=1))
        loss, grads = of(self.learnt_loss(learners, policy, windows))
        if self.anneal_steps:
            share = (1 - learners["steps"] / self.anneal_steps).clamp(min=0)[:, None]
            if (share > 0).any():
                _, helps = of(-self.value(learners, policy, windows).mean(dim=1))
                mixed = (1 - share) * _normed(grads) + share * _normed(helps)
                grads = torch.where(share > 0, mixed, grads)
        return loss, grads

    def meta_loss(self, learners: Learners, windows: Windows) -> torch.Tensor:
        """Return minus what a step on the objective adds to the values of policies, [M].

        In deviations of a reward, and for a step of size 1: the optimiser of the objective divides
        by gradients, and they must be far above its epsilon. The gradient leads to the objective
        through that step.

        Source:
            Kirsch et al. 2020, equation 6.
        """
        policy = learners["policy"].detach().requires_grad_()
        loss = self.learnt_loss(learners, policy, windows)
        (grads,) = torch.autograd.grad(loss.sum(), policy, create_graph=True)
        with torch.no_grad():
            before = self.value(learners, policy, windows)
        after = self.value(learners, policy - self.inner_learning_rate * grads, windows)
        return (before - after).mean(dim=1) / (self._per_step * self.inner_learning_rate)


def _normed(grads: torch.Tensor) -> torch.Tensor:
    return grads / norms(grads)[:, None].clamp(min=1e-12)


def _flat(part: torch.Tensor) -> torch.Tensor:
    """Return [M, T B, ...] of [T, M, B, ...]."""
    return part.transpose(0, 1).flatten(1, 2)


def _by_time(flat: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Undo `_flat`, for windows of a shape [T, M, B]."""
    steps, learners, windows = shape
    return flat.reshape(learners, steps, windows, *flat.shape[2:]).transpose(0, 1)
