"""Arguments of learners that take several passes over an unroll, as PPO does."""

from __future__ import annotations

from ..core.base.agent_arguments import ActorCriticArguments, DiscountArguments, EntropyArguments
from ..core.base.arguments import Declared, argument, at_least, within


class PassesArguments(ActorCriticArguments, DiscountArguments, EntropyArguments):
    """Arguments of PPO within one lifetime, but for its loss."""

    gae_lambda: float = argument("Lambda of the advantages.", within(0, 1), default=0.95)
    n_epochs: int = argument("Passes over an unroll.", at_least(1), default=4)
    n_minibatches: int = argument("Steps of the optimiser in a pass.", at_least(1), default=4)
    clip_range: float = argument("Range of probability ratios in PPO's loss.", default=0.2)
    normalize_advantage: bool = argument("Standardise the advantages of a minibatch.", default=True)


class DriftArguments(Declared):
    """The form of a learnt drift."""

    drift_size: int = argument("Hidden units of the drift.", at_least(1), default=128)
    on_ppo: bool = argument("Add what is learnt to PPO's drift.", default=False)
    temporal: bool = argument(
        "Tell the drift how much of a learner's life is over, and how long it is.", default=False
    )
