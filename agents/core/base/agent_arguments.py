"""The constructor arguments that agents share, in layers; each is described only here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..learning.intrinsic import KINDS as INTRINSIC
from .arguments import Declared, above, argument, at_least, one_of, within
from .schedules import Schedule, check_schedule
from .search import Between, OneOf


class AgentArguments(Declared):
    """Arguments of every agent.

    Some attributes differ from the constructor's argument (Stable-Baselines3 makes `device` a
    `torch.device`); these are annotated with Any, and `type` gives the argument's type.
    """

    policy: Any = argument(
        "Name of a policy (those of `policy_aliases`), or a policy class.", kw_only=False
    )
    env: Any = argument(
        "An id, a `gym.make` environment, a `MetaVectorEnv` or an `SB3VecEnv` over one.",
        kw_only=False,
        remembered=False,
    )
    learning_rate: Any = argument(
        'Learning rate of the outer loop; a number or `("linear", start, end)`.',
        check_schedule,
        default=1e-3,
        kw_only=False,
        type=Schedule,
        search=Between(1e-4, 1e-2, log=True),
    )
    n_envs: int = argument("Rows, where `env` is an id.", at_least(1), default=32)
    env_kwargs: Mapping[str, Any] | None = argument("Keyword arguments of the id.", default=None)
    policy_kwargs: Any = argument(
        "Keyword arguments of the policy; None takes the paper's.",
        default=None,
        type=dict[str, Any] | None,
    )
    preset: str | None = argument(
        '`"auto"` applies the preset for this id and its arguments, None or `"none"` none; or a '
        "preset's name, or a file that `metazoo tune` wrote.",
        default="auto",
        remembered=False,
    )
    stats_window_size: int = argument(
        "Episodes over which logged means run.", at_least(1), default=100
    )
    tensorboard_log: str | None = argument(
        "Folder for TensorBoard logs; None writes none.", default=None, remembered=False
    )
    verbose: int = argument("0 is silent, 1 logs.", default=0, remembered=False)
    seed: Any = argument("Seed for all randomness; None draws one.", default=None, type=int | None)
    device: Any = argument(
        '`"cpu"`, `"cuda"` or `"auto"`; small networks are quicker on a CPU.',
        default="cpu",
        remembered=False,
        type=str | torch.device,
    )


class BalanceArguments(Declared):
    """Arguments of agents that can balance the tasks of an iteration."""

    balance: str | None = argument(
        'Task key whose values each iteration samples equally often, e.g. `"environment"` (for '
        "splits that are lists); None draws tasks independently.",
        default=None,
    )


class GradientNormArguments(Declared):
    """What agents that clip their gradients take."""

    max_grad_norm: float | None = argument(
        "Gradients are clipped to this norm; None does not clip.", default=0.5
    )


class ActorCriticArguments(GradientNormArguments):
    """What agents that learn a value beside a policy take."""

    vf_coef: float = argument("Weight of the value loss.", default=0.5)


class IntrinsicArguments(Declared):
    """Arguments of agents that can be paid for what is new."""

    intrinsic: str | None = argument(
        'Bonus for new observations while training: `"rnd"`, the error in predicting a random '
        'network; `"counts"`, one over the root of how often they were seen; None for none.',
        one_of(None, *INTRINSIC),
        default=None,
    )
    intrinsic_coef: Schedule = argument(
        "Weight of that bonus, in deviations of its discounted return; a number or "
        '`("linear", start, end)`.',
        check_schedule,
        default=("linear", 1.0, 0.0),
    )


class TrialArguments(ActorCriticArguments, BalanceArguments):
    """Arguments of agents that learn from whole trials."""

    searched = {"n_envs": OneOf(16, 32, 64, 128, 256)}
    n_trials: int = argument("Whole trials a row plays in an iteration.", at_least(1), default=1)
    gamma: Schedule = argument(
        'Discount over the whole trial; a number or `("linear", start, end)`.',
        check_schedule,
        default=0.99,
        search=OneOf(0.7, 0.9, 0.95, 0.98, 0.99),
    )
    gae_lambda: float = argument(
        "Lambda of the advantages, over the whole trial; 1 is return minus value.",
        within(0, 1),
        default=1.0,
        search=OneOf(0.0, 0.3, 0.6, 0.9, 0.95, 1.0),
    )
    ent_coef: Schedule = argument(
        'Weight of the entropy bonus; a number or `("linear", start, end)`.',
        check_schedule,
        default=0.01,
        search=OneOf(0.0, 0.001, 0.01, 0.03),
    )
    normalize_advantage: bool = argument("Standardise advantages over an iteration.", default=True)
    normalize_reward: bool = argument(
        "Divide rewards by the running deviation of the discounted return.", default=True
    )
    cut_at_episode_ends: bool = argument(
        "Let no advantage cross an episode's end. What would follow a truncation then counts by "
        "its value, where values are learnt.",
        default=False,
    )


class DiscountArguments(Declared):
    """Arguments of agents that discount within an episode."""

    gamma: float = argument(
        "Discount.", within(0, 1), default=0.99, search=OneOf(0.9, 0.95, 0.98, 0.99, 0.995)
    )


class SoftActorCriticArguments(DiscountArguments):
    """Arguments of agents that learn by soft actor-critic from a replay buffer."""

    tau: float = argument("Share of the critics in their slow copies.", within(0, 1), default=0.005)
    ent_coef: float = argument("Weight of the entropy.", above(0), default=1.0)
    target_entropy: float | None = argument(
        "Entropy in nats for which the weight is learnt, beginning with `ent_coef`; None keeps the "
        "weight.",
        default=None,
    )
    save_replay_buffer: bool = argument(
        "Put the buffer into checkpoints. Without it a resumed run first fills a new one, and "
        "differs from the run that was cut.",
        default=True,
    )


class SharedRowsArguments(Declared):
    """Arguments of agents with many learners, each in rows of its own."""

    rows_per_task: int = argument(
        "Rows that share a learner and its task.", at_least(1), default=16
    )


class EntropyArguments(Declared):
    """Arguments of agents with a constant entropy bonus."""

    ent_coef: float = argument("Weight of the entropy bonus.", default=0.0)


class OptimizerArguments(Declared):
    """What agents whose learners have an optimiser of their choice take."""

    optimizer: str = argument(
        '`"adam"`, `"rmsprop"` or `"sgd"`.', one_of("adam", "rmsprop", "sgd"), default="adam"
    )


class LifetimeArguments(
    ActorCriticArguments, DiscountArguments, EntropyArguments, OptimizerArguments
):
    """Arguments of actor-critics that live one lifetime."""

    gae_lambda: float = argument(
        "Lambda of the advantages and of the values' targets.",
        within(0, 1),
        default=0.95,
        search=OneOf(0.9, 0.95, 1.0),
    )


class MetaGradientArguments(Declared):
    """Arguments of agents that adapt their own meta-parameters."""

    meta_learning_rate: float = argument(
        "Learning rate of the meta-parameters' optimiser, Adam.", at_least(0), default=1e-3
    )
    meta_max_grad_norm: float | None = argument(
        "Meta-gradients are clipped to this norm; None does not clip.", default=None
    )


class ClipArguments(Declared):
    """Arguments of agents that clip probability ratios."""

    clip_range: Schedule = argument(
        'PPO\'s clip range; a number or `("linear", start, end)`.',
        check_schedule,
        default=0.2,
        search=OneOf(0.1, 0.2, 0.3),
    )


class PPOArguments(ClipArguments):
    """Arguments of agents that learn by PPO."""

    batch_size: int | None = argument(
        "Trials a minibatch (chunks, where there are any); None takes all of an iteration.",
        at_least(1),
        default=None,
        search=OneOf(None, 16, 32, 64),
    )
    n_epochs: int = argument(
        "Passes over the trials of an iteration.", at_least(1), default=4, search=OneOf(2, 4, 8)
    )
    policy_loss: Any = argument(
        'What the policy minimises. `"clipped"` is PPO\'s surrogate; one of your own is a function '
        '`(log_prob, old_log_prob, advantage, clip, mask) -> scalar`, or its `"module:Name"`.',
        default="clipped",
        type=str | Callable[..., Any],
    )
