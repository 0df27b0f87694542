"""BMG: an actor-critic whose entropy bonus is learnt by bootstrapped meta-gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.base.agent_arguments import LifetimeArguments
from ..core.base.arguments import argument, at_least, one_of
from ..core.base.meta_gradient_algorithm import MetaGradientAlgorithm
from ..core.learning.functional import Adam
from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.optimizers import DIFFERENTIABLE
from .arguments import ContextArguments
from .presets import PRESETS
from .rule import ENT_COEF, BootstrapRule


class BMG(ContextArguments, LifetimeArguments, MetaGradientAlgorithm):
    """Bootstrapped meta-gradients (Flennerhag et al. 2022, arXiv 2109.04504), in one lifetime.

    The entropy bonus is the meta-parameter. After `inner_steps` updates with it, the learner makes
    `target_steps` more: all but the last as before, the last on the true objective, without the
    bonus. That is the target; the bonus follows the gradient of the distance between the target
    and the learner after `inner_steps` updates, through these updates alone. The entropy bonus may
    be a function of the latest rewards (section 5.1 and appendix B).

    Differences from the paper: the unroll of the target's last step is also the first of the next
    updates, so an iteration takes K + L - 1 unrolls and no step is lost; the context is divided by
    the root mean square of rewards so far, and squashed by tanh (as in Luketina et al. 2022);
    losses are means over steps.

    Raises:
        ValueError: If an argument is out of range.
    """

    any_device = True

    presets = PRESETS

    ent_coef = 0.1
    inner_steps: int = argument(
        "Updates that the meta-gradient passes through, K.", at_least(1), default=1
    )
    target_steps: int = argument(
        "Further updates of the target, the last without the bonus, L.", at_least(1), default=15
    )
    matching: str = argument(
        'What the learner is matched to the target by: `"kl"` of policies over the last unroll, or '
        '`"squared"` distance of parameters.',
        one_of("kl", "squared"),
        default="kl",
    )
    value_match_coef: float = argument(
        "Weight of the squared difference of values in the matching.", at_least(0), default=0.0
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if not 0 < values["ent_coef"] < 1:
            raise ValueError(
                f"ent_coef={values['ent_coef']} must be strictly between 0 and 1: it is where the "
                "learnt entropy bonus begins"
            )

    def _make_rule(self) -> BootstrapRule:
        inner = ActorCriticRule(
            network=self.network,
            optimizer=DIFFERENTIABLE[self.optimizer],
            n_steps=self.n_steps,
            learning_rate=float(self.learning_rate),
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            ent_coef=0.0,
            vf_coef=self.vf_coef,
            max_grad_norm=self.max_grad_norm,
        )
        return BootstrapRule(
            inner=inner,
            meta=ENT_COEF.meta_parameters(self.ent_coef, self.context, self.context_width),
            meta_optimizer=Adam(eps=self.meta_eps),
            meta_learning_rate=self.meta_learning_rate,
            meta_max_grad_norm=self.meta_max_grad_norm,
            inner_steps=self.inner_steps,
            more_steps=self.target_steps - 1,
            context=self.context,
            matching=self.matching,  # type: ignore[arg-type]
            value_match_coef=self.value_match_coef,
        )
