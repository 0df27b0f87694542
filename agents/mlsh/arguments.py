"""Arguments of MLSH."""

from __future__ import annotations

from ..core.base.agent_arguments import (
    ActorCriticArguments,
    BalanceArguments,
    DiscountArguments,
    EntropyArguments,
)
from ..core.base.arguments import argument, at_least, within
from ..core.base.search import Between, OneOf


class MLSHArguments(ActorCriticArguments, BalanceArguments, DiscountArguments, EntropyArguments):
    """What MLSH takes besides what all agents do."""

    ent_coef = 0.01
    n_sub_policies: int = argument(
        "Sub-policies, K; with 1 a single policy is shared by all tasks.",
        at_least(1),
        default=2,
        search=OneOf(2, 4, 8),
    )
    macro_length: int = argument(
        "Steps for which a master chooses a sub-policy; the last slice of an episode may be "
        "shorter.",
        at_least(1),
        default=10,
        search=OneOf(5, 10, 25),
    )
    warmup_updates: int = argument(
        "Iterations with a new task in which its master alone learns.", at_least(0), default=9
    )
    joint_updates: int = argument(
        "Iterations after those in which the sub-policies learn too.", at_least(1), default=1
    )
    rows_per_task: int = argument(
        "Rows of a group, which share a task and a master.", at_least(1), default=20
    )
    n_steps: int = argument("Steps of a row in an iteration.", at_least(1), default=100)
    adapt_steps: int | None = argument(
        "Steps of a task, over its rows, between a master's updates in `inner_loop`; None takes "
        "`n_steps` x `rows_per_task`, as in training.",
        at_least(1),
        default=None,
    )
    master_learning_rate: float = argument(
        "Learning rate of masters.", default=0.01, search=Between(1e-3, 3e-2, log=True)
    )
    master_ent_coef: float = argument("Weight of the entropy of masters.", default=0.0)
    master_batch_size: int = argument("Slices in a minibatch of a master.", at_least(1), default=64)
    exploration: float = argument(
        "Share of a master's choices made uniformly at random.", within(0, 1), default=0.0
    )
    gae_lambda: float = argument(
        "Lambda of the advantages of masters and sub-policies.", within(0, 1), default=0.98
    )
    clip_range: float = argument(
        "Range of probability ratios, of masters and sub-policies.", default=0.2
    )
    n_epochs: int = argument("Passes over an iteration.", at_least(1), default=10)
    n_minibatches: int = argument("Minibatches of a sub-policy in a pass.", at_least(1), default=15)
    normalize_observation: bool = argument(
        "Standardise observations that are vectors of floats.", default=True
    )
