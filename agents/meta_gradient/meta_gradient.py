"""MetaGradient: an actor-critic that learns the return it learns from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.base.agent_arguments import LifetimeArguments
from ..core.base.arguments import argument, within
from ..core.base.meta_gradient_algorithm import MetaGradientAlgorithm
from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.optimizers import DIFFERENTIABLE, META
from ..core.nets.actor_critic import ActorCritic
from .presets import PRESETS
from .rule import BOUNDED, ReturnsRule, meta_parameters

_ETA = (*BOUNDED, "reward")


class MetaGradient(LifetimeArguments, MetaGradientAlgorithm):
    """Meta-gradient reinforcement learning (Xu et al. 2018, arXiv 1805.09801), in one lifetime.

    Online cross-validation: an update made with the return's parameters eta is judged on the next
    unroll by an actor-critic loss with a fixed gamma and lambda, and eta follows the gradient of
    that loss through the update (equations 1-6). eta may be gamma, lambda (each a sigmoid, so
    strictly between 0 and 1) and a network whose output is added to the task's rewards.

    Differences from the paper: the base is an on-policy actor-critic with lambda returns in place
    of IMPALA; eta's gradient is of a whole unroll, not of a part of its rows; all of the update is
    differentiated, clipping and optimiser too; the reward network is not in the paper.

    Raises:
        TypeError: If the observation space has no states to tell apart, or no vectors for the
            reward network.
        ValueError: If an argument is out of range.
    """

    any_device = True

    presets = PRESETS

    eta: Any = argument(
        'The meta-parameters: some of `"gamma"`, `"gae_lambda"` and `"reward"`.',
        default=("gamma", "gae_lambda"),
        type=tuple[str, ...],
    )
    outer_gamma: float = argument("Discount of the outer objective.", within(0, 1), default=0.99)
    outer_lambda: float = argument("Lambda of the outer objective.", within(0, 1), default=1.0)
    trace: float = argument(
        "Decay mu of the trace of earlier updates' derivatives; 0 takes the last update alone.",
        within(0, 1),
        default=0.0,
    )
    embedding: int = argument(
        "Features through which the network sees gamma and lambda; 0 hides them.", default=16
    )
    state_dependent: bool = argument(
        "Give each discrete observation its own gamma and lambda, for the step that leaves it.",
        default=False,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        given = values["eta"]
        names = [given] if isinstance(given, str) else list(given)
        wrong = [name for name in names if name not in _ETA]
        if wrong or not names or len(set(names)) < len(names):
            raise ValueError(f"eta={given!r} must be one or several of {list(_ETA)}")
        if values["embedding"] < 0:
            raise ValueError(f"embedding={values['embedding']} must be at least 0")
        if values["trace"] and "reward" in names:
            raise ValueError(
                f"trace={values['trace']} costs a backward pass for each number of eta, and the "
                "reward network has hundreds; use trace=0 or leave 'reward' out of eta"
            )
        if values["embedding"] and values["state_dependent"]:
            raise ValueError(
                "state_dependent=True: the network cannot see gamma and lambda of every state; "
                "use embedding=0"
            )

    def _names(self) -> list[str]:
        return [self.eta] if isinstance(self.eta, str) else list(self.eta)

    def _shown(self) -> int:
        """Return how many meta-parameters the network sees."""
        return len(set(self._names()) & set(BOUNDED)) if self.embedding else 0

    def _make_network(self, **more: Any) -> ActorCritic:
        context = {"context": self._shown(), "context_features": max(self.embedding, 1)}
        return super()._make_network(**context, **more)

    def _make_rule(self) -> ReturnsRule:
        meta = meta_parameters(
            self._names(),
            {"gamma": self.gamma, "gae_lambda": self.gae_lambda},
            self.observation_space,
            self.action_space,
            self.state_dependent,
        )
        return ReturnsRule(
            inner=self._inner_rule(),
            meta=meta,
            meta_optimizer=META,
            meta_learning_rate=self.meta_learning_rate,
            meta_max_grad_norm=self.meta_max_grad_norm,
            trace=self.trace,
            outer_gamma=self.outer_gamma,
            outer_lambda=self.outer_lambda,
            embedding=bool(self._shown()),
        )

    def _inner_rule(self) -> ActorCriticRule:
        return ActorCriticRule(
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
