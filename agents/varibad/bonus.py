"""HyperX's bonuses: pay for beliefs that are new, and for steps that they did not expect.

T steps, B trials, O numbers of an observation, L latents; time-major.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..core.base.arguments import Declared, argument, at_least
from ..core.losses.losses import masked_mean
from ..core.losses.normalise import RewardNormaliser
from ..core.nets.distillation import RandomDistillation
from .decoders import CellDecoder, TaskDecoder
from .experience import Transitions
from .losses import gaussian_log_likelihood
from .policies import BeliefPolicy

_RATE = 1e-4  # of Adam, for the predictor of novelty
_BATCH = 1024  # steps


class BonusArguments(Declared):
    """Arguments of agents that are paid for exploring beliefs."""

    novelty_coef: float = argument(
        "HyperX: weight of a bonus for states and beliefs that are new, in deviations of its "
        "return; it falls to 0 over training. The paper's is 1.",
        at_least(0),
        default=0.0,
    )
    surprise_coef: float = argument(
        "HyperX: weight of a bonus for steps that the decoders did not expect, likewise.",
        at_least(0),
        default=0.0,
    )


class Bonus:
    """The bonuses of an agent that have a weight.

    Each is divided by the running deviation of its discounted return.

    Args:
        policy: The policy whose beliefs are explored.
        decoders: What its beliefs explain.
        coefs: Weights of `"novelty"` and `"surprise"`.
        device: Where to compute.

    Source:
        Zintgraf et al. 2021 (HyperX, arXiv 2010.01062), section 4. Surprise is that of the belief
        before a step about this step.
    """

    def __init__(
        self,
        policy: BeliefPolicy,
        decoders: nn.ModuleDict,
        coefs: Mapping[str, float],
        device: Any,
    ):
        self.policy, self.decoders = policy, decoders
        self.coefs = {name: coef for name, coef in coefs.items() if coef}
        self.scales = {name: RewardNormaliser() for name in self.coefs}
        size = policy.shown + 2 * policy.latent_size
        self.novelty = RandomDistillation(size).to(device) if "novelty" in self.coefs else None
        self.networks: dict[str, nn.Module] = {}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        if self.novelty is not None:
            adam = torch.optim.Adam(self.novelty.predictor.parameters(), lr=_RATE)
            self.networks["novelty"], self.optimizers["novelty.optimizer"] = self.novelty, adam
        self.figures: dict[str, float] = {}  # of the last `pay`

    @torch.no_grad()
    def pay(self, trials: Transitions, gamma: float) -> torch.Tensor:
        """Return the weighted bonuses of every step, [T, B], and update their scales.

        Args:
            trials: Trials of one iteration.
            gamma: Discount.
        """
        mean, log_variance = self.policy.posteriors(trials.inputs, trials.before)
        raw = {}
        if self.novelty is not None:
            raw["novelty"] = self.novelty(_hyper_states(trials, mean, log_variance))
        if "surprise" in self.coefs:
            parts = [
                surprise(one, mean[:-1], trials)
                for one in self.decoders.values()
                if not isinstance(one, TaskDecoder)
            ]
            raw["surprise"] = sum(parts, torch.zeros_like(trials.mask))
        total = torch.zeros_like(trials.mask)
        for name, bonus in raw.items():
            bonus = bonus * trials.mask
            self.figures[name] = float(masked_mean(bonus, trials.mask))
            self.scales[name].update(bonus.cpu(), trials.mask.cpu(), gamma)
            total = total + self.coefs[name] * self.scales[name].normalise(bonus)
        return total

    def train(self, trials: Transitions, count: int, generator: torch.Generator) -> None:
        """Make what was seen less new, by gradient steps.

        Args:
            trials: Trials of one iteration.
            count: Gradient steps.
            generator: Draws the steps that each takes.
        """
        if self.novelty is None:
            return
        (optimizer,) = self.optimizers.values()
        with torch.no_grad():
            beliefs = self.policy.posteriors(trials.inputs, trials.before)
            seen = _hyper_states(trials, *beliefs)[trials.mask > 0]
        for _ in range(count):
            drawn = torch.randint(len(seen), (_BATCH,), generator=generator)
            optimizer.zero_grad()
            self.novelty(seen[drawn.to(seen.device)]).mean().backward()
            optimizer.step()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps besides network and optimiser."""
        return {f"{name}_scale": scale.state() for name, scale in self.scales.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Undo `state`.

        Raises:
            ValueError: It does not hold running moments.
        """
        for name, scale in self.scales.items():
            scale.load_state(state[f"{name}_scale"])


def surprise(decoder: Any, latents: torch.Tensor, trials: Transitions) -> torch.Tensor:
    """Return minus the log likelihood of each step under a latent of its own, [T, B].

    Args:
        decoder: Of rewards or successors.
        latents: What is believed before each step, [T, B, L].
        trials: The trials.
    """
    if not isinstance(decoder, CellDecoder):
        both = torch.cat([latents, decoder.shown(trials)], dim=-1)
        return -gaussian_log_likelihood(decoder.network(both), decoder.target(trials))
    logits, cells = decoder.network(latents), decoder.index(trials.after)[..., None]
    if decoder.one_pays:  # of one cell against all others
        own = logits.gather(-1, cells)[..., 0]
        others = logits.scatter(-1, cells, -torch.inf).logsumexp(dim=-1)
        logit = own - others
    else:
        logit = logits.gather(-1, cells)[..., 0]
    paid = (trials.rewards > 0).to(logit.dtype)
    return nn.functional.binary_cross_entropy_with_logits(logit, paid, reduction="none")


def _hyper_states(
    trials: Transitions, mean: torch.Tensor, log_variance: torch.Tensor
) -> torch.Tensor:
    """Return what each step led to: observation and belief, [T, B, O + 2 L]."""
    return torch.cat([trials.after, mean[1:], log_variance[1:]], dim=-1)
