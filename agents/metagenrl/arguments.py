"""The arguments of MetaGenRL and of learners that use its objective."""

from __future__ import annotations

from typing import Any

from ..core.base.agent_arguments import DiscountArguments, SharedRowsArguments
from ..core.base.arguments import above, argument, at_least, within
from ..core.base.replay_lifetime import RowBufferArguments


class ObjectiveArguments(DiscountArguments, RowBufferArguments):
    """Arguments of learners that descend a learnt objective."""

    n_steps: int = argument(
        "Steps of a row that are played between updates.", at_least(1), default=20
    )
    window: int = argument("Consecutive steps that the objective reads.", at_least(2), default=20)
    batch_size: int = argument("Windows of an update.", at_least(1), default=100)
    updates_per_step: float = argument(
        "Steps of the optimisers for each step of a row.", above(0), default=1.0
    )
    critic_learning_rate: float = argument("Learning rate of the critics.", above(0), default=1e-3)
    tau: float = argument("Share of networks in their slow copies.", within(0, 1), default=0.005)
    exploration: float = argument(
        "Deviation of the noise on actions in [-1, 1].", at_least(0), default=0.1
    )
    random_steps: int = argument(
        "First steps of a row, whose actions are uniform.", at_least(0), default=10_000
    )
    target_noise: float = argument(
        "Deviation of the noise on target actions.", at_least(0), default=0.2
    )
    target_clip: float = argument("Most noise on target actions.", at_least(0), default=0.5)
    policy_delay: int = argument("Critic steps for each policy step.", at_least(1), default=2)
    mirror: bool = argument(
        "Show the objective each action number in both directions and take the mean. Without it, "
        "an objective may learn a direction that happens to suit the whole population.",
        default=False,
    )
    anneal_steps: int = argument(
        "Steps of a row in which the critic helps the policy, ever less.", at_least(0), default=0
    )


class PopulationArguments(SharedRowsArguments):
    """Arguments of the search for an objective."""

    rows_per_task = 1
    more_envs: Any = argument(
        "Ids in which `n_envs` further rows each live, with other bodies perhaps.",
        default=(),
        type=tuple[str, ...] | list[str],
    )
    lifetime: int | None = argument(
        "Steps of a row after which its learner makes room for a new one, one learner after the "
        "other: the objective then meets learners of all ages. None keeps them (the paper).",
        at_least(1),
        default=None,
    )
    objective_learning_rate: float = argument(
        "Learning rate of the objective (Adam).", above(0), default=1e-3
    )
    objective_delay: int = argument(
        "Critic steps for each of the objective.", at_least(1), default=2
    )
    inner_learning_rate: float = argument(
        "Learning rate of the step that the meta-gradient goes through.", above(0), default=1e-3
    )
    max_grad_norm: float | None = argument(
        "The gradient of the objective is clipped to this norm; None does not clip it.", default=1.0
    )
