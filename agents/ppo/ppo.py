"""PPO of one lifetime, with any policy loss; and DPO, whose loss was found by learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from meta_envs.core.arguments import choice

from ..core.base.arguments import argument
from ..core.base.curious_lifetime import CuriousLifetime
from ..core.learning.functional import Adam
from ..core.lifetimes.ppo import PPORule
from ..core.losses import losses
from ..core.losses.drifts import dpo_surrogate
from ..core.losses.policy_losses import PolicyLoss
from ..core.nets.actor_critic import ActorCritic
from .arguments import PassesArguments

_OF_RULE = (
    *("n_steps", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm"),
    *("clip_range", "n_epochs", "n_minibatches", "normalize_advantage"),
)
POLICY_LOSSES: Mapping[str, PolicyLoss] = {"ppo": losses.clipped_surrogate, "dpo": dpo_surrogate}


class PPO(PassesArguments, CuriousLifetime):
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), of one lifetime.

    The loss of the policy is an argument: mirror learning (Kuba et al. 2022) asks of it what
    PPO's has, and learnt ones (LPO, DPO) take its place. Stable-Baselines3's PPO is another
    implementation; this one is a rule that many learners can follow side by side. `learn` takes any
    Gymnasium id.

    Differences from the paper: its defaults are those of the reference implementations for small
    problems; the learning rate is constant, since a life has no end; values are not clipped.

    Raises:
        ValueError: If an argument is out of range, or `n_minibatches` does not fit.
    """

    any_device = True

    paper_policy = {"separate": ["value"]}  # as in the reference implementations
    learning_rate = 7.5e-4
    n_steps = 128
    ent_coef = 0.01
    policy_loss: Any = argument(
        '`"ppo"`, `"dpo"`, or a function of (log_prob, old_log_prob, advantage, clip, mask), all '
        "[B], that returns a scalar.",
        default="ppo",
        type=str | Callable,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if not callable(values["policy_loss"]):
            choice("policy_loss", values["policy_loss"], list(POLICY_LOSSES))

    def _make_rule(self) -> PPORule:
        given = self.policy_loss
        loss = given if callable(given) else POLICY_LOSSES[given]
        fields = rule_fields(self, self.network, float(self.learning_rate), self.n_envs)
        return PPORule(**fields, policy_loss=loss)


def rule_fields(
    agent: Any, network: ActorCritic, learning_rate: float, num_rows: int
) -> dict[str, Any]:
    """Return the fields of a `PPORule`, but for its loss, from an agent's arguments.

    Args:
        agent: An agent with `PassesArguments` and `n_steps`.
        network: The learners' network.
        learning_rate: The learners'.
        num_rows: Rows of each learner.

    Raises:
        ValueError: If `n_minibatches` does not fit.
    """
    steps = agent.n_steps * num_rows
    if agent.n_minibatches > steps:
        raise ValueError(
            f"n_minibatches={agent.n_minibatches} are more than the {steps} steps of an unroll"
        )
    return {
        **{"network": network, "optimizer": Adam(eps=1e-5), "learning_rate": learning_rate},
        **{name: getattr(agent, name) for name in _OF_RULE},
    }


class DPO(PPO):
    """Discovered policy optimisation (Lu et al. 2022, arXiv 2210.05639), of one lifetime.

    PPO without clipping: its drift, in closed form, was read off one that was learnt (LPO). It
    restrains large steps softly, and where an advantage is negative, steps back too. `clip_range`
    has no effect.

    Differences from the paper: none in the loss (alpha 2, beta 0.6); settings are those of `PPO`.

    Raises:
        ValueError: If an argument is out of range, or `n_minibatches` does not fit.
    """

    policy_loss = "dpo"
