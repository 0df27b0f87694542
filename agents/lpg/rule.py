"""Learners that update themselves as the learnt rule says. M learners, R rows, T steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from gymnasium import spaces

from ..core.learning.functional import SGD, Adam, Optimizer, clip_norm
from ..core.lifetimes.actor_critic import descend, with_optimizer
from ..core.lifetimes.rule import Learners, Rule, Unroll, by_learner
from ..core.nets.actor_critic import ActorCritic
from .critic import Critic
from .losses import inner_loss, regularisers
from .network import RuleNetwork

_PREDICTION = "prediction"  # the second output of a learner's network
AGE, LIFE = "time.age", "time.life"  # updates that a learner has had, and is to have


class Hypers(NamedTuple):
    """What a learner is born with, besides its parameters."""

    learning_rate: float  # of the policy
    prediction_rate: float
    kl_coef: float  # weight of the predictions' divergence


def make_network(
    observation_space: spaces.Space, action_space: spaces.Space, predictions: int, **given: Any
) -> ActorCritic:
    """Make a learner's network: a table for numbered states, otherwise what `given` says.

    Args:
        observation_space: Space of one row.
        action_space: Space of one row.
        predictions: m, the numbers of a prediction.
        **given: Arguments of `ActorCritic`.

    Raises:
        ValueError: If an output or a head of its own is asked for.
    """
    for name in ("outputs", "separate", "deeper", "memory"):
        if given.get(name):
            raise ValueError(f"policy_kwargs has {name!r}, which LPG settles; leave it out")
    tabular = isinstance(observation_space, spaces.Discrete) and "net_arch" not in given
    more = {"torso": "table"} if tabular else {"net_arch": [32]}
    return ActorCritic(
        observation_space,
        action_space,
        **{**more, **given},
        outputs={_PREDICTION: predictions},
        separate=(_PREDICTION,),
    )


def is_tabular(network: ActorCritic) -> bool:
    """Tell whether a network is a table."""
    return network.layout.shapes.keys() == {"heads.weight", f"{_PREDICTION}.heads.weight"}


def usual(network: ActorCritic) -> tuple[Hypers, Optimizer]:
    """Return the source's settings for learners with tables, and for others."""
    if is_tabular(network):
        return Hypers(40.0, 4.0, 0.5), SGD()
    return Hypers(1e-3, 1e-3, 0.5), Adam(eps_root=1e-12)


@dataclass(frozen=True)
class LPGRule(Rule):
    """Learners with a policy and a prediction, both of which the rule's network updates.

    Args:
        network: From `make_network`.
        n_steps: Steps of a row between updates, T.
        rule: The network of the rule.
        optimizer: Optimiser of the learners.
        hypers: What new learners are born with.
        gamma: Discount, of which the rule is told.
        max_grad_norm: A learner's gradients of policy and of prediction are each clipped to this.
        through_inputs: Let the graph of `update` go through what the rule is told of the learners
            too (which depends on earlier updates); without it, these numbers are constants.
        lifetime: Updates of new learners' lives, of which the rule is told; None tells nothing.
        critic: In training: what judges learners, one for each lifetime; learners never see it.
    """

    network: ActorCritic
    n_steps: int
    rule: RuleNetwork
    optimizer: Optimizer
    hypers: Hypers
    gamma: float
    max_grad_norm: float | None
    through_inputs: bool = False
    lifetime: int | None = None
    critic: Critic | None = None

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        policy = self.network.begin(seeds)
        born = {name: policy.new_full((len(policy),), one) for name, one in self._hypers().items()}
        judged = {} if self.critic is None else self.critic.begin(seeds)
        aware = {}
        if self.lifetime is not None:
            zeros = policy.new_zeros(len(policy))
            aware = {AGE: zeros, LIFE: zeros + self.lifetime}
        return {**with_optimizer(self.optimizer, policy), **born, **judged, **aware}

    def _hypers(self) -> dict[str, float]:
        return {f"hyper.{name}": one for name, one in self.hypers._asdict().items()}

    @property
    def of_prediction(self) -> torch.Tensor:
        """1 at the parameters of the prediction, 0 at those of the policy, [P]."""
        layout = self.network.layout
        ones = {
            name: torch.full((1, *shape), float(name.startswith(f"{_PREDICTION}.")))
            for name, shape in layout.shapes.items()
        }
        return layout.flatten(ones)[0]

    def outputs(
        self, policy: torch.Tensor, unroll: Unroll
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return what learners say of an unroll.

        Returns:
            `"policy"`: distribution parameters, `"log_prob"` of the actions taken [T, M, R],
            `"prediction"`: log probabilities [T, M, R, m]; and the probabilities of the true
            successors' predictions, 0 where the episode terminated.
        """
        outputs, after = unroll.outputs(self.network, policy, (_PREDICTION,))
        said = {
            "policy": outputs["policy"],
            "log_prob": self.network.head.log_prob(outputs["policy"], unroll.actions),
            _PREDICTION: torch.log_softmax(outputs[_PREDICTION], dim=-1),
        }
        return said, torch.softmax(after[_PREDICTION], dim=-1) * unroll.alive.unsqueeze(-1)

    def targets(
        self,
        said: dict[str, torch.Tensor],
        next_predicted: torch.Tensor,
        unroll: Unroll,
        times: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the rule's network asks for; see `RuleNetwork.forward`."""
        told = {**said, "next": next_predicted}
        if not self.through_inputs:
            told = {name: one.detach() for name, one in told.items()}
        log_prob = told["log_prob"]
        if isinstance(self.network.action_space, spaces.Box):
            probability = torch.sigmoid(log_prob)  # of a density, which has no upper bound
        else:
            probability = log_prob.exp()
        ended = 1.0 - unroll.alive * (1.0 - unroll.cut)
        return self.rule(
            unroll.rewards,
            ended,
            self.gamma,
            probability,
            told[_PREDICTION].exp(),
            told["next"],
            unroll.continues,
            times,
        )

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Take one step along what the rule asks for.

        With `differentiable` the returned learners depend on the rule's parameters and on the
        given learners, and the figures `*_l2` on the rule's parameters.
        """
        policy = learners["policy"]
        if not (differentiable and policy.requires_grad):
            policy = policy.detach().requires_grad_()
        # The inner gradient is not to see that targets depend on the policy; the outer one may.
        own = policy.clone() if self.through_inputs else policy
        said, after = self.outputs(own, unroll)
        told = self.outputs(policy, unroll) if self.through_inputs else (said, after)
        with torch.set_grad_enabled(differentiable):
            policy_target, prediction_target = self.targets(*told, unroll, times_of(learners))
        loss, figures = inner_loss(
            said["log_prob"],
            said[_PREDICTION],
            policy_target,
            prediction_target,
            unroll.mask,
            learners["hyper.kl_coef"],
        )
        (grads,) = torch.autograd.grad(loss.sum(), own, create_graph=differentiable)
        part = self.of_prediction.to(grads)
        clipped = clip_norm(grads * (1 - part), self.max_grad_norm)
        clipped = clipped + clip_norm(grads * part, self.max_grad_norm)
        rates = learners["hyper.learning_rate"][:, None] * (1 - part)
        rates = rates + learners["hyper.prediction_rate"][:, None] * part
        updated = descend(self.optimizer, learners, policy, clipped, rates)
        if AGE in learners:
            updated |= {AGE: learners[AGE] + 1}
        entropy = by_learner(self.network.head.entropy(said["policy"]), unroll.mask)
        figures = {**figures, "entropy": entropy}
        figures |= regularisers(policy_target, prediction_target, unroll.mask)
        if not differentiable:
            updated, figures = (
                {name: one.detach() for name, one in parts.items()} for parts in (updated, figures)
            )
        return updated, figures


def times_of(learners: Learners) -> torch.Tensor | None:
    """Return the share of each life that is over, at most 1, and log10 of its length, [M, 2].

    None if learners have no times.

    Source:
        Jackson et al. 2024 (arXiv 2402.05828): t / N and log N, there to base e.
    """
    if AGE not in learners:
        return None
    age, life = learners[AGE], learners[LIFE]
    return torch.stack([(age / life).clamp(max=1.0), life.log10()], dim=-1)
