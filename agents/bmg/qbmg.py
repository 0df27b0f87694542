"""QBMG: Q(lambda) whose exploration is learnt by bootstrapped meta-gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.base.agent_arguments import DiscountArguments, GradientNormArguments, OptimizerArguments
from ..core.base.arguments import argument, at_least, within
from ..core.base.meta_gradient_algorithm import MetaGradientAlgorithm
from ..core.base.search import OneOf
from ..core.learning.functional import Adam
from ..core.lifetimes.optimizers import PLAIN
from .arguments import ContextArguments
from .context import RewardContext
from .presets import Q_PRESETS
from .q_network import CnnEpsilonGreedyQ, EpsilonGreedyQ
from .q_rule import EPSILON, EpsilonRule


class QBMG(
    ContextArguments,
    DiscountArguments,
    GradientNormArguments,
    OptimizerArguments,
    MetaGradientAlgorithm,
):
    """Epsilon-greedy Q(lambda) that learns its epsilon, in one lifetime (Flennerhag et al. 2022).

    The second agent of section 5.1 (arXiv 2109.04504). Epsilon is in no update of the action
    values, so that a meta-gradient through updates would be 0; a bootstrapped one is not: the
    policy of now is matched to the greedy policy of `target_steps` updates later, by their KL.
    Where the best action changed, epsilon grows; where it stayed, epsilon falls. It may be a
    function of the latest rewards.

    Differences from the paper: returns are Peng's, on unrolls of `n_steps`; the policies are
    compared in the states of the latest unroll; the context is that of `BMG`.

    Raises:
        TypeError: If actions are not Discrete.
        ValueError: If an argument is out of range.
    """

    any_device = True

    presets = Q_PRESETS
    policy_aliases = {
        "MlpPolicy": EpsilonGreedyQ,
        "CnnPolicy": CnnEpsilonGreedyQ,
        "EpsilonGreedyQ": EpsilonGreedyQ,
    }

    n_steps = 16
    q_lambda: float = argument(
        "Lambda of the returns.", within(0, 1), default=0.9, search=OneOf(0.0, 0.7, 0.9, 0.95)
    )
    epsilon: float = argument("Where the learnt epsilon begins.", default=0.1)
    target_steps: int = argument(
        "Updates between a policy and the greedy one that it is matched to, L.",
        at_least(1),
        default=16,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if not 0 < values["epsilon"] < 1:
            raise ValueError(
                f"epsilon={values['epsilon']} must be strictly between 0 and 1: it is where the "
                "learnt epsilon begins"
            )

    def _make_rule(self) -> EpsilonRule:
        return EpsilonRule(
            network=self.network,
            optimizer=PLAIN[self.optimizer],
            n_steps=self.n_steps,
            learning_rate=float(self.learning_rate),
            gamma=self.gamma,
            q_lambda=self.q_lambda,
            max_grad_norm=self.max_grad_norm,
            meta=EPSILON.meta_parameters(self.epsilon, self.context, self.context_width),
            meta_optimizer=Adam(eps=self.meta_eps),
            meta_learning_rate=self.meta_learning_rate,
            meta_max_grad_norm=self.meta_max_grad_norm,
            target_steps=self.target_steps,
            context=RewardContext(self.context),
        )
