"""A2C: an advantage actor-critic, the simplest single-lifetime learner."""

from __future__ import annotations

from ..core.base.agent_arguments import LifetimeArguments
from ..core.base.curious_lifetime import CuriousLifetime
from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.optimizers import PLAIN
from .presets import PRESETS


class A2C(LifetimeArguments, CuriousLifetime):
    """Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783), synchronous, of one lifetime.

    It learns nothing across lifetimes: it is the baseline for meta-gradients. `evaluate(agent,
    id, steps=N)` measures how it learns from scratch. `learn` takes any Gymnasium id.

    Differences from the paper: rows step together instead of threads that write over each other;
    lambda returns instead of n-step returns (`gae_lambda=1` is the paper's); Adam unless
    `optimizer="rmsprop"`; the gradient is of the mean over steps.

    Raises:
        ValueError: If an argument is out of range.
    """

    any_device = True

    presets = PRESETS

    def _make_rule(self) -> ActorCriticRule:
        return ActorCriticRule(
            network=self.network,
            optimizer=PLAIN[self.optimizer],
            n_steps=self.n_steps,
            learning_rate=float(self.learning_rate),
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            max_grad_norm=self.max_grad_norm,
        )
