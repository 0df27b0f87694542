"""PPO of one lifetime, with any policy loss; and DPO, whose loss was found by learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from meta_envs.core.arguments import choice

from ..core.base.agent_arguments import ActorCriticArguments, DiscountArguments, EntropyArguments
from ..core.base.arguments import argument, at_least, within
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.learning.functional import Adam
from ..core.lifetimes.ppo import PPORule
from ..core.losses import losses
from ..core.losses.drifts import dpo_surrogate
from ..core.losses.policy_losses import PolicyLoss

POLICY_LOSSES: Mapping[str, PolicyLoss] = {"ppo": losses.clipped_surrogate, "dpo": dpo_surrogate}


class PPO(ActorCriticArguments, DiscountArguments, EntropyArguments, LifetimeAlgorithm):
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), of one lifetime.

    The loss of the policy is an argument: mirror learning (Kuba et al. 2022) asks of it what
    PPO's has, and learnt ones (LPO, DPO) take its place. Stable-Baselines3's PPO is another
    implementation; this one is a rule that many learners can follow side by side. `learn` takes any
    Gymnasium id.

    Differences from the paper: its defaults are those of the reference implementations for small
    problems; the learning rate is constant, since a life has no end; values are not clipped.

    Raises:
        ValueError: If an argument is out of range, or `n_minibatches` does not fit.
    """

    paper_policy = {"separate": ["value"]}  # as in the reference implementations
    learning_rate = 7.5e-4
    n_steps = 128
    ent_coef = 0.01
    gae_lambda: float = argument("Lambda of the advantages.", within(0, 1), default=0.95)
    n_epochs: int = argument("Passes over an unroll.", at_least(1), default=4)
    n_minibatches: int = argument("Steps of the optimiser in a pass.", at_least(1), default=4)
    clip_range: float = argument("Range of probability ratios in PPO's loss.", default=0.2)
    normalize_advantage: bool = argument("Standardise the advantages of a minibatch.", default=True)
    policy_loss: Any = argument(
        '`"ppo"`, `"dpo"`, or a function of (log_prob, old_log_prob, advantage, clip, mask), all '
        "[B], that returns a scalar.",
        default="ppo",
        type=str | Callable,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if not callable(values["policy_loss"]):
            choice("policy_loss", values["policy_loss"], list(POLICY_LOSSES))

    def _make_rule(self) -> PPORule:
        steps = self.n_steps * self.n_envs
        if self.n_minibatches > steps:
            raise ValueError(
                f"n_minibatches={self.n_minibatches} are more than the {steps} steps of an unroll"
            )
        given = self.policy_loss
        return PPORule(
            network=self.network,
            optimizer=Adam(eps=1e-5),
            n_steps=self.n_steps,
            learning_rate=float(self.learning_rate),
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            max_grad_norm=self.max_grad_norm,
            policy_loss=given if callable(given) else POLICY_LOSSES[given],
            clip_range=self.clip_range,
            n_epochs=self.n_epochs,
            n_minibatches=self.n_minibatches,
            normalize_advantage=self.normalize_advantage,
        )


class DPO(PPO):
    """Discovered policy optimisation (Lu et al. 2022, arXiv 2210.05639), of one lifetime.

    PPO without clipping: its drift, in closed form, was read off one that was learnt (LPO). It
    restrains large steps softly, and where an advantage is negative, steps back too. `clip_range`
    has no effect.

    Differences from the paper: none in the loss (alpha 2, beta 0.6); settings are those of `PPO`.

    Raises:
        ValueError: If an argument is out of range, or `n_minibatches` does not fit.
    """

    policy_loss = "dpo"
