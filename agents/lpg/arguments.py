"""The arguments of LPG and of learners that use its rule."""

from __future__ import annotations

from typing import Any

from ..core.base.agent_arguments import DiscountArguments, SharedRowsArguments
from ..core.base.arguments import above, argument, at_least, one_of, within

Several = float | list[float] | tuple[float, ...] | None


def _rates(name: str, value: Any) -> None:
    """Refuse what is not a number of at least 0, or a list of such."""
    many = value if isinstance(value, list | tuple) else [value]
    fine = all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one < float("inf")
        for one in many
    )
    if value is not None and (not many or not fine):
        raise ValueError(
            f"{name}={value!r} must be a number of at least 0, a list of such, or None"
        )


class RuleArguments(DiscountArguments):
    """Arguments of learners that a learnt rule updates."""

    n_steps = 20
    n_predictions: int = argument(
        "Numbers of a learner's prediction, a categorical distribution whose meaning the rule "
        "settles.",
        at_least(2),
        default=30,
    )
    rule_size: int = argument("Units of the rule's LSTM.", at_least(1), default=256)
    temporal: bool = argument(
        "Tell the rule how much of a learner's life is over, and how long it is.", default=False
    )
    agent_max_grad_norm: float | None = argument(
        "A learner's gradients of policy and of prediction are each clipped to this norm; None "
        "does not clip.",
        default=0.5,
    )


class OuterArguments(SharedRowsArguments):
    """Arguments of the search for a rule."""

    n_updates: int = argument(
        "Updates of a learner through which the meta-gradient goes, K.", at_least(1), default=5
    )
    through_inputs: bool = argument(
        "Let the meta-gradient go through what the rule is told of learners too; the published "
        "code takes these numbers as constants, which is cheaper.",
        default=False,
    )
    lifetime: int = argument(
        "Updates after which a learner is replaced by a new one in a new task.",
        at_least(1),
        default=250,
    )
    shortest_lifetime: int | None = argument(
        "With it the length of each life is drawn log-uniformly from this to `lifetime`.",
        at_least(1),
        default=None,
    )
    curriculum: str | None = argument(
        'Where new lives begin: `"regret"` goes back to levels in which A2C earns more than the '
        "rule's learners do, as GROOVE; None draws tasks independently.",
        one_of(None, "regret"),
        default=None,
    )
    level_buffer: int = argument("Levels that the curriculum keeps.", at_least(1), default=4000)
    replay_probability: float = argument(
        "Share of lives that begin in one of them.", within(0, 1), default=0.5
    )
    rank_temperature: float = argument(
        "Of their draws by rank of regret; small ones take the highest alone.",
        above(0),
        default=1.0,
    )
    regret_episodes: int = argument(
        "Episodes of a row by which the two sides of a regret are judged.", at_least(1), default=2
    )
    agent_learning_rate: Any = argument(
        "Learning rate of the learners' policies; of a list, a bandit draws one for each lifetime. "
        "None: 40 for tables (gradient descent), 1e-3 for networks (Adam).",
        _rates,
        default=None,
        type=Several,
    )
    agent_prediction_rate: Any = argument(
        "Learning rate of their predictions, likewise; None: 4 for tables, 1e-3 for networks.",
        _rates,
        default=None,
        type=Several,
    )
    agent_kl_coef: Any = argument(
        "Weight of the divergence of predictions from what the rule asks for, likewise; None: 0.5.",
        _rates,
        default=None,
        type=Several,
    )
    gae_lambda: float = argument(
        "Lambda of the advantages in the meta-objective.", within(0, 1), default=0.95
    )
    value_learning_rate: float = argument(
        "Learning rate of the value functions in the meta-objective (Adam).", default=0.1
    )
    policy_ent_coef: float = argument(
        "Weight of the entropy of updated policies in the meta-objective.", default=0.05
    )
    prediction_ent_coef: float = argument(
        "Weight of the entropy of updated predictions.", default=0.001
    )
    policy_l2_coef: float = argument(
        "Weight of the mean square of what the rule asks of policies.", default=0.005
    )
    prediction_l2_coef: float = argument(
        "Weight of the mean square of what the rule asks of predictions.", default=0.001
    )
    max_grad_norm: float | None = argument(
        "The gradient of the rule is clipped to this norm; None does not clip.", default=1.0
    )
