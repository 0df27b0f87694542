"""FRODO: an actor-critic that learns the targets it learns from."""

from __future__ import annotations

from ..core.base.agent_arguments import LifetimeArguments
from ..core.base.arguments import argument, at_least
from ..core.base.meta_gradient_algorithm import MetaGradientAlgorithm
from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.optimizers import DIFFERENTIABLE, META
from .presets import PRESETS
from .rule import TargetRule, target_network


class FRODO(LifetimeArguments, MetaGradientAlgorithm):
    """Meta-gradient RL with an objective discovered online (Xu et al. 2020, arXiv 2007.08433).

    An LSTM that reads the unroll backwards makes the target of every step's value and advantage.
    Its weights are the meta-parameters: after `inner_steps` updates with its targets, an ordinary
    actor-critic loss on the next unroll judges the learner, and a consistency loss asks a target to
    be the reward plus the discounted next target.

    Differences from the paper: the base is an on-policy actor-critic with lambda returns, inside
    and outside; the sliding window moves by `inner_steps` unrolls; the network reads reward,
    discount, both values and the chosen action's probability; the consistency loss takes its own
    right-hand side as a constant; `bootstrap`.

    Raises:
        ValueError: If an argument is out of range.
    """

    any_device = True

    presets = PRESETS

    inner_steps: int = argument(
        "Updates that the meta-gradient passes through.", at_least(1), default=5
    )
    consistency_coef: float = argument(
        "Weight of the targets' consistency loss.", at_least(0), default=0.1
    )
    target_width: int = argument(
        "Units of the LSTM that makes the targets.", at_least(1), default=64
    )
    bootstrap: bool = argument(
        "Let that network add to the one-step target instead of making all of it; not in the "
        "paper.",
        default=False,
    )

    def _make_rule(self) -> TargetRule:
        inner = ActorCriticRule(
            network=self.network,
            optimizer=DIFFERENTIABLE[self.optimizer],
            n_steps=self.n_steps,
            learning_rate=float(self.learning_rate),
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            max_grad_norm=self.max_grad_norm,
        )
        network, meta = target_network(self.target_width, self.bootstrap)
        return TargetRule(
            inner=inner,
            meta=meta,
            meta_optimizer=META,
            meta_learning_rate=self.meta_learning_rate,
            meta_max_grad_norm=self.meta_max_grad_norm,
            inner_steps=self.inner_steps,
            targets=network,
            consistency_coef=self.consistency_coef,
            bootstrap=self.bootstrap,
        )
