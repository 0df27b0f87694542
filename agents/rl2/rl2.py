"""RL2: a recurrent policy whose state is the learnt learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..core.base.agent_arguments import PPOArguments
from ..core.base.arguments import argument, at_least, one_of
from ..core.base.trial_algorithm import TrialAlgorithm
from ..core.base.updates import GradientUpdate, Update, ValueFit
from ..core.losses.linear_baseline import trial_baseline
from ..core.losses.returns import gae
from ..core.play.trials import Trials
from .presets import PRESETS
from .trust_region import TRPO


class RL2(PPOArguments, TrialAlgorithm):
    """RL2 (Duan et al. 2016, arXiv 1611.02779), with PPO.

    A GRU sees the observation, the previous action, the previous reward and whether an episode
    starts; its state is reset at trial starts only, and returns run over the whole trial. The
    paper's hidden size is 256.

    Differences from the paper: PPO instead of TRPO (as in the later releases; `outer="trpo"` with
    `baseline="linear"` is the paper's); rewards are divided by the running deviation of the
    discounted return (`normalize_reward`; without it long bandits stay at chance); policy and value
    share a network unless `policy_kwargs={"separate_value": True}`.

    Long trials can be split into chunks for learning (`chunk_length`). Differences from the code of
    metaworld-algorithms, whose chunks overlap too: the overlapping steps warm the memory up and
    carry no loss, so every step counts once; the last, shorter chunk is not dropped; chunks
    are shuffled, and begin with the state of the acting policy instead of the state left by the
    previous minibatch.

    Raises:
        ValueError: If an argument is out of range.
    """

    presets = PRESETS
    paper_policy = {"hidden_size": 256}

    learning_rate = 5e-4
    n_envs = 128
    n_epochs = 8
    gae_lambda = 0.3
    outer: str = argument(
        '`"ppo"` or `"trpo"`; the latter needs `policy_kwargs={"separate_value": True}` or a '
        "linear baseline; `learning_rate`, `batch_size` and `n_epochs` are then the value's.",
        one_of("ppo", "trpo"),
        default="ppo",
    )
    target_kl: float = argument("Radius of TRPO's trust region.", default=0.01)
    baseline: str = argument(
        'What advantages are measured against: `"network"`, the value head; or `"linear"`, a ridge '
        "regression on observation and time, fitted to each trial of an iteration; then `vf_coef` "
        "is not used and the value head not trained.",
        one_of("network", "linear"),
        default="network",
    )
    chunk_length: int | None = argument(
        "Steps of a trial in each sequence of a minibatch; None takes whole trials.",
        at_least(1),
        default=None,
    )
    chunk_overlap: int = argument(
        "Steps before a chunk that warm its memory up.", at_least(0), default=50
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        trpo, separate = values["outer"] == "trpo", values["policy_kwargs"] or {}
        if trpo and values["baseline"] == "network" and not separate.get("separate_value"):
            raise ValueError(
                "outer='trpo' holds the policy in its region while the value is fitted; give "
                "policy_kwargs={'separate_value': True, ...}, or baseline='linear'"
            )
        if trpo and values["chunk_length"] is not None:
            raise ValueError("outer='trpo' updates from whole trials; leave out chunk_length")

    def _make_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.policy.parameters(), lr=1e-3, eps=1e-5)

    def _make_update(self) -> Update:
        if self.chunk_length is None:
            self._settle_batch_size()
        if not self._learns_values:
            self.policy.builder.require_numbers("baseline='linear'")
        vf_coef, ppo = self.vf_coef if self._learns_values else 0.0, self.outer == "ppo"
        loss = self._ppo_loss(vf_coef) if ppo else ValueFit(self.policy, self.vf_coef)
        steps = GradientUpdate(
            loss,
            self.optimizer,
            self.max_grad_norm,
            self.n_epochs,
            self.batch_size,
            self.chunk_length,
            self.chunk_overlap,
        )
        if ppo:
            return steps
        return TRPO(self.ent_coef, self.target_kl, steps if self._learns_values else None)

    @property
    def _learns_values(self) -> bool:
        return self.baseline == "network"

    def baseline_values(
        self, trials: Trials, rewards: torch.Tensor, continues: torch.Tensor, gamma: float
    ) -> torch.Tensor:
        """Return the acting network's values, or those of the linear baseline, [T, B]."""
        if self.baseline == "network":
            return super().baseline_values(trials, rewards, continues, gamma)
        _, returns = gae(rewards, torch.zeros_like(rewards), continues, gamma, 1.0)
        return trial_baseline(trials.inputs, returns, trials.ends, trials.mask)
