"""An agent of one lifetime that learns by a rule found before."""

from __future__ import annotations

from typing import Any

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.nets.actor_critic import ActorCritic
from .arguments import RuleArguments
from .network import RuleNetwork
from .rule import Hypers, LPGRule, make_network, usual


class LPGLearner(RuleArguments, LifetimeAlgorithm):
    """A learner that a rule of LPG trains (Oh et al. 2020, arXiv 2007.08794), of one lifetime.

    `LPG.make_learner(id)` makes one with the rule that it found; one made by hand has a random
    rule, which learns nothing. The rule is saved with it, and does not change.

    Raises:
        ValueError: If an argument is out of range.
    """

    any_device = True

    prediction_rate: float = argument("Learning rate of the prediction.", at_least(0), default=1e-3)
    kl_coef: float = argument(
        "Weight of the prediction's divergence from what the rule asks for.",
        at_least(0),
        default=0.5,
    )

    lifetime: int = argument(
        "Updates that its life is to have, of which a temporal rule is told.",
        at_least(1),
        default=250,
    )

    def _make_network(self, **more: Any) -> ActorCritic:
        given = {**more, **self.policy_kwargs}
        return make_network(self.observation_space, self.action_space, self.n_predictions, **given)

    def _setup_model(self) -> None:
        self.rule_network = (
            RuleNetwork(self.n_predictions, self.rule_size, fold(self.seed, "rule"), self.temporal)
            .to(self.device)
            .requires_grad_(False)
        )
        super()._setup_model()

    def _make_rule(self) -> LPGRule:
        return LPGRule(
            network=self.network,
            n_steps=self.n_steps,
            rule=self.rule_network,
            optimizer=usual(self.network)[1],
            hypers=Hypers(float(self.learning_rate), self.prediction_rate, self.kl_coef),
            gamma=self.gamma,
            max_grad_norm=self.agent_max_grad_norm,
            lifetime=self.lifetime if self.temporal else None,
        )

    def _hand_over(self, learner: Any) -> None:
        learner.rule_network.load_state_dict(self.rule_network.state_dict())

    def _networks(self) -> dict[str, Any]:
        return {**super()._networks(), "rule": self.rule_network}
