"""The rule of `MetaGradient`: an actor-critic whose returns depend on eta.

T steps, M learners, R rows, S states.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from gymnasium import spaces
from gymnasium.spaces import utils

from ..core.lifetimes.meta_gradient import Figures, MetaGradientRule
from ..core.lifetimes.meta_parameters import Bounded, MetaParameters, Weights
from ..core.lifetimes.rule import Learners, Unroll
from ..core.nets import stacked
from ..core.nets.actor_critic import ActorCritic

_REWARD_WIDTH = 32  # of the reward network's only hidden layer; ours
BOUNDED = ("gamma", "gae_lambda")


@dataclass(kw_only=True)
class ReturnsRule(MetaGradientRule):
    """An actor-critic that adapts gamma, lambda and an additional reward.

    Args:
        outer_gamma: Discount of the outer objective.
        outer_lambda: Lambda of the outer objective.
        embedding: Whether the network sees gamma and lambda.
    """

    outer_gamma: float
    outer_lambda: float
    embedding: bool

    def inner_loss(
        self,
        policy: torch.Tensor,
        unroll: Unroll,
        eta: stacked.Parts,
        context: torch.Tensor | None = None,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the actor-critic's loss [M], whose returns depend on eta, and figures [M]."""
        if "reward.1.weight" in eta:
            added = added_reward(self.network, eta, unroll)
            unroll = dataclasses.replace(unroll, rewards=unroll.rewards + added)
        of_steps = {name: self._of_steps(eta[name], unroll) for name in BOUNDED if name in eta}
        shown = self._shown(eta)
        policy = self._seeing(policy, shown)
        fixed = None if fixed is None else self._seeing(fixed, shown)
        return self.inner.loss(policy, unroll, self.inner.constants._replace(**of_steps), fixed)

    def outer(
        self,
        learners: Learners,
        policy: torch.Tensor,
        unroll: Unroll,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the loss [M] with the reference's gamma and lambda, and figures [M].

        It has no entropy bonus.
        """
        reference = {"gamma": self.outer_gamma, "gae_lambda": self.outer_lambda}
        shown = [policy.new_full((len(policy),), reference[name]) for name in self._names()]
        constants = self.inner.constants._replace(**reference, ent_coef=0.0)
        policy = self._seeing(policy, shown)
        fixed = None if fixed is None else self._seeing(fixed, shown)
        loss, figures = self.inner.loss(policy, unroll, constants, fixed)
        return loss, {"meta_value_loss": figures["value_loss"]}

    def settle(self, learners: Learners) -> Learners:
        """Show the present gamma and lambda to the network."""
        if not self.embedding:
            return learners
        shown = self._shown(self.meta.values(learners["eta"]))
        return {**learners, "policy": self._seeing(learners["policy"], shown)}

    def _of_steps(self, value: torch.Tensor, unroll: Unroll) -> torch.Tensor:
        """Return gamma or lambda of each step, [M, 1], or [T, M, R] if states have their own."""
        if value.ndim == 1:
            return value[:, None]
        states = unroll.inputs[:-1]
        if states.ndim > 3:  # one-hot
            states = states.argmax(dim=-1)
        steps, learners, rows = states.shape
        by_learner = states.transpose(0, 1).reshape(learners, steps * rows)
        return value.gather(1, by_learner).reshape(learners, steps, rows).transpose(0, 1)

    def _names(self) -> list[str]:
        return [name for name in BOUNDED if name in self.meta.bounded]

    def _shown(self, eta: stacked.Parts) -> list[torch.Tensor]:
        return [eta[name].detach() for name in self._names()]

    def _seeing(self, policy: torch.Tensor, shown: Sequence[torch.Tensor]) -> torch.Tensor:
        if not self.embedding:
            return policy
        context = torch.stack(list(shown), dim=1).to(policy.device)
        return self.network.in_context(policy, context)


def added_reward(network: ActorCritic, eta: stacked.Parts, unroll: Unroll) -> torch.Tensor:
    """Return the reward network's output for each step, [T, M, R].

    Args:
        network: The actor-critic, whose inputs it reads.
        eta: Has the weights `reward.*`.
        unroll: What was seen and done.
    """
    seen = unroll.inputs[:-1]
    steps, learners, rows = seen.shape[:3]
    if isinstance(network.observation_space, spaces.Discrete) and seen.ndim == 3:
        seen = torch.nn.functional.one_hot(seen, int(network.observation_space.n))
    shown = torch.cat([seen.flatten(3), _actions(network, unroll.actions)], dim=-1)
    inputs = shown.to(unroll.rewards.dtype).transpose(0, 1).flatten(1, 2)
    hidden = torch.tanh(stacked.linear(inputs, eta["reward.0.weight"], eta["reward.0.bias"]))
    added = stacked.linear(hidden, eta["reward.1.weight"])
    return added.reshape(learners, steps, rows).transpose(0, 1)


def meta_parameters(
    eta: Sequence[str],
    initial: dict[str, float],
    observation_space: spaces.Space,
    action_space: spaces.Space,
    state_dependent: bool,
) -> MetaParameters:
    """Return the meta-parameters of a `ReturnsRule`.

    Args:
        eta: Some of `"gamma"`, `"gae_lambda"` and `"reward"`.
        initial: Initial gamma and lambda.
        observation_space: Space of one row.
        action_space: Space of one row.
        state_dependent: Give every state its own gamma and lambda.

    Raises:
        TypeError: If the observation space does not allow it.
        ValueError: If gamma or lambda does not begin strictly between 0 and 1.
    """
    shape: tuple[int, ...] = ()
    if state_dependent:
        if not isinstance(observation_space, spaces.Discrete):
            raise TypeError(
                f"state_dependent=True needs Discrete observations, not {observation_space}"
            )
        shape = (int(observation_space.n),)
    bounded = {name: Bounded(initial[name], shape=shape) for name in BOUNDED if name in eta}
    if "reward" not in eta:
        return MetaParameters(bounded)
    if len(observation_space.shape or ()) > 1:
        raise TypeError(
            f"eta has 'reward', whose network takes vectors and discrete observations, not "
            f"{observation_space}"
        )
    seen = utils.flatdim(observation_space) + utils.flatdim(action_space)
    width = _REWARD_WIDTH
    shapes = {"0.weight": (width, seen), "0.bias": (width,), "1.weight": (1, width)}
    return MetaParameters(bounded, {"reward": Weights(shapes, partial(_draw_reward, shapes))})


def _draw_reward(
    shapes: Mapping[str, tuple[int, ...]], generator: torch.Generator
) -> stacked.Parts:
    first = stacked.orthogonal(shapes["0.weight"], 2**0.5, generator)
    return {
        **{name: torch.zeros(shape) for name, shape in shapes.items()},
        "0.weight": first,  # the last layer is 0: at first the task's reward alone counts
    }


def _actions(network: ActorCritic, actions: torch.Tensor) -> torch.Tensor:
    """Return actions as numbers [T, M, R, A], Discrete ones one-hot."""
    space = network.action_space
    if isinstance(space, spaces.Discrete):
        return torch.nn.functional.one_hot(actions - int(space.start), int(space.n))
    return actions.flatten(3)
