"""A learnt drift: a small network whose form keeps the laws of mirror learning.

M learners, B steps of each; P parameters of a drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from ..core.lifetimes.lives import FOUND
from ..core.lifetimes.ppo import PPORule
from ..core.lifetimes.rule import Learners
from ..core.losses.drifts import ppo_drift
from ..core.nets import stacked
from ..core.nets.kernels.activations import tanh

_MARGIN = 1e-4  # what the network must exceed; else the drift, and its slope, are exactly 0
_INPUTS = 8
_MOST = 20.0  # as in `drifts`


class DriftNetwork:
    """f(rho, A) = ReLU(network - 1e-4), optionally on top of PPO's drift.

    The inputs are log rho, its square, 1 - rho, its square, and the same times A. They are
    all 0 at rho = 1, where a network without biases is 0 too: there the drift and its slope are 0.

    Args:
        size: Units of the hidden layer.
        on_ppo: Add the network to PPO's drift, so that a network of 0 is PPO.
        clip: Range of PPO's drift.
        temporal: Whether it sees the time of a learner's life: all inputs stand there thrice, alone
            and times the share of the life that is over and log10 of its length in updates. So the
            law at rho = 1 holds at any time.

    Source:
        Lu et al. 2022 (arXiv 2210.05639), section 4.2, and the code published with it; times:
        Jackson et al. 2024 (arXiv 2402.05828), whose inputs stand beside the others.
    """

    def __init__(
        self, size: int = 128, on_ppo: bool = False, clip: float = 0.2, temporal: bool = False
    ):
        self.on_ppo, self.clip, self.temporal = on_ppo, clip, temporal
        inputs = _INPUTS * (3 if temporal else 1)
        self.layout = stacked.Layout({"0.weight": (size, inputs), "1.weight": (1, size)})

    def begin(self, seed: int) -> torch.Tensor:
        """Draw first parameters, [P]; on top of PPO's drift the network begins as 0."""

        def draw(generator: torch.Generator) -> stacked.Parts:
            drawn = {
                name: stacked.orthogonal(shape, 1.0, generator)
                for name, shape in self.layout.shapes.items()
            }
            if self.on_ppo:
                drawn["1.weight"].zero_()
            return drawn

        return stacked.begin(self.layout, [seed], draw)[0]

    def drift(
        self,
        params: torch.Tensor,
        log_ratio: torch.Tensor,
        advantage: torch.Tensor,
        times: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return f [M, B].

        Args:
            params: [M, P].
            log_ratio: log rho, [M, B].
            advantage: A, [M, B].
            times: Share of the life that is over and log10 of its length, [M, 2]; of a drift that
                sees them.
        """
        parts = self.layout.unflatten(params)
        apart = -torch.expm1(log_ratio)
        alone = torch.stack([log_ratio, log_ratio.square(), apart, apart.square()], dim=-1)
        inputs = torch.cat([alone, alone * advantage.unsqueeze(-1)], dim=-1)
        if times is not None:
            each = times[:, None, :, None] * inputs.unsqueeze(2)
            inputs = torch.cat([inputs, each.flatten(2)], dim=-1)
        hidden = tanh(stacked.linear(inputs, parts["0.weight"]))
        learnt = stacked.linear(hidden, parts["1.weight"]).squeeze(-1)
        base = ppo_drift(log_ratio, advantage, self.clip) if self.on_ppo else 0.0
        return torch.relu(base + learnt - _MARGIN)

    def losses(
        self,
        params: torch.Tensor,
        log_prob: torch.Tensor,
        old_log_prob: torch.Tensor,
        advantage: torch.Tensor,
        mask: torch.Tensor,
        times: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return each learner's policy loss [M]; but for `params` [M, P] and `times`, [M, B]."""
        log_ratio = (log_prob - old_log_prob).clamp(-_MOST, _MOST)
        gain = log_ratio.exp() * advantage - self.drift(params, log_ratio, advantage, times)
        return -(gain * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


class DriftLoss:
    """A learnt drift as a `policy_loss`.

    Args:
        network: Its form.
        params: Its parameters, [P].

    Raises:
        ValueError: If the drift sees the time of a learner's life, which a loss does not.
    """

    def __init__(self, network: DriftNetwork, params: torch.Tensor):
        if network.temporal:
            raise ValueError(
                "a temporal drift needs the time of a learner's life, which a policy loss is not "
                "told; make_learner(id) gives a learner that tells it"
            )
        self.network, self.params = network, params

    def __call__(
        self,
        log_prob: torch.Tensor,
        old_log_prob: torch.Tensor,
        advantage: torch.Tensor,
        clip: float,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """Return the policy loss; all of one shape, and `clip` has no effect."""
        given = (one.reshape(1, -1) for one in (log_prob, old_log_prob, advantage, mask))
        return self.network.losses(self.params[None], *given)[0]

    def drift(self, log_ratio: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
        """Return f of log rho and A, all of one shape."""
        flat = self.network.drift(
            self.params[None], log_ratio.reshape(1, -1), advantage.reshape(1, -1)
        )
        return flat.reshape(log_ratio.shape)


@dataclass(frozen=True)
class LPORule(PPORule):
    """PPO by a learnt drift; learners may have one each, among their arrays as `FOUND` [M, P].

    Args:
        drift: The form of the drifts.
        found: The drift of learners that have none of their own, [P].
        lifetime: Updates of a life, of which a temporal drift is told.
    """

    drift: DriftNetwork = DriftNetwork()
    found: torch.Tensor | None = None
    lifetime: float = 1.0

    def policy_losses(
        self,
        learners: Learners,
        log_prob: torch.Tensor,
        old_log_prob: torch.Tensor,
        advantages: torch.Tensor,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """Return each learner's policy loss [M], by its own drift."""
        if FOUND in learners:
            params = learners[FOUND]
        else:
            assert self.found is not None
            params = self.found.expand(len(log_prob), -1)
        times = self.times_of(learners) if self.drift.temporal else None
        return self.drift.losses(params, log_prob, old_log_prob, advantages, mask, times)

    def times_of(self, learners: Learners) -> torch.Tensor:
        """Return the share of each life that is over, at most 1, and log10 of its length."""
        over = (learners["updates"] / self.lifetime).clamp(max=1.0)
        return torch.stack([over, torch.full_like(over, math.log10(self.lifetime))], dim=-1)
