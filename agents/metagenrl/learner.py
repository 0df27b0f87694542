"""An agent of one lifetime whose policy descends an objective that was found before."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

from meta_envs.core.rng import fold

from ..core.base.replay_lifetime import ReplayLifetime
from ..core.nets.actor_critic import ActorCritic
from ..core.nets.input_size import input_size
from .arguments import ObjectiveArguments
from .networks import Critics, Objective
from .rule import ObjectiveRule

_OF_RULE = (
    *("n_steps", "window", "batch_size", "updates_per_step", "critic_learning_rate", "gamma"),
    *("tau", "exploration", "random_steps", "target_noise", "target_clip", "policy_delay"),
)


def _check_spaces(observation_space: spaces.Space, action_space: spaces.Space) -> None:
    """Refuse spaces that these learners cannot have.

    Raises:
        TypeError: If actions are no Box.
        ValueError: If it has no bounds.
    """
    if not isinstance(action_space, spaces.Box) or action_space.dtype.kind != "f":
        raise TypeError(f"the action space is {action_space}; MetaGenRL takes Boxes of floats")
    if not action_space.is_bounded():
        raise ValueError(f"the action space is {action_space}; MetaGenRL takes Boxes with bounds")


def make_rule(
    agent: Any, network: ActorCritic, objective: Objective | None, anneal_steps: int
) -> ObjectiveRule:
    """Return the rule of an agent with `ObjectiveArguments`.

    Args:
        agent: The agent.
        network: Its learners' policy.
        objective: What they descend; None is the critic.
        anneal_steps: Steps of a row in which the critic helps.

    Raises:
        TypeError: If actions are no Box, or observations no vectors.
        ValueError: If actions have no bounds, or a buffer is shorter than a window.
    """
    _check_spaces(network.observation_space, network.action_space)
    if agent.buffer_size < agent.window:
        raise ValueError(
            f"buffer_size={agent.buffer_size} is shorter than window={agent.window}: nothing could "
            "be drawn"
        )
    actions = 1
    for size in network.action_space.shape or ():
        actions *= size
    widths = agent.policy_kwargs.get("net_arch") or (64, 64)
    return ObjectiveRule(
        network=network,
        critics=Critics(input_size(network, "MetaGenRL") + actions, widths),
        objective=objective,
        capacity=agent.buffer_size,
        least_steps=agent.window,
        learning_rate=float(agent.learning_rate),
        anneal_steps=anneal_steps,
        inner_learning_rate=getattr(agent, "inner_learning_rate", 1e-3),
        **{name: getattr(agent, name) for name in _OF_RULE},
    )


class MetaGenRLLearner(ObjectiveArguments, ReplayLifetime):
    """A learner by an objective of MetaGenRL (Kirsch et al. 2020, arXiv 1910.04098), of one life.

    `MetaGenRL.make_learner(id)` makes one with the objective that it found; one made by hand has a
    random one, which teaches nothing (but with `anneal_steps` it begins as TD3 does). The objective
    is saved with it, and does not change.

    Raises:
        MemoryError: If the buffers do not fit into memory.
        TypeError: If actions are no Box, or observations no vectors.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpPolicy": ActorCritic, "ActorCritic": ActorCritic}
    paper_policy = {"net_arch": [350, 350, 350], "activation": "relu"}
    n_envs = 1

    def _make_network(self, **more: Any) -> ActorCritic:
        self.objective = Objective(fold(self.seed, "objective"), self.mirror).requires_grad_(False)
        return super()._make_network(**{"outputs": {}, **more})

    def _make_rule(self) -> Any:
        return make_rule(self, self.network, self.objective, self.anneal_steps)

    def _hand_over(self, learner: Any) -> None:
        learner.objective.load_state_dict(self.objective.state_dict())

    def _networks(self) -> dict[str, Any]:
        return {**super()._networks(), "objective": self.objective}
