"""L2RL: an LSTM trained by advantage actor-critic over trials."""

from __future__ import annotations

import torch

from ..core.base.trial_algorithm import TrialAlgorithm
from ..core.base.updates import A2C, GradientUpdate
from ..core.nets.recurrent_policy import LstmPolicy
from .presets import PRESETS


class L2RL(TrialAlgorithm):
    """L2RL (Wang et al. 2016, arXiv 1611.05763): an LSTM with A2C, one update a collection.

    The LSTM sees the observation, the previous action and the previous reward; its state is reset
    at trial starts only. The paper's network has 48 units and no layer before them. Differences
    from the paper: many rows play at once instead of one thread's trials in turn (`n_envs`); the
    input tells where episodes start instead of the time within the trial; rewards are divided by
    the running deviation of the discounted return (`normalize_reward`).

    Raises:
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"LstmPolicy": LstmPolicy, **TrialAlgorithm.policy_aliases}
    presets = PRESETS
    paper_policy = {"hidden_size": 48, "embedding_sizes": ()}

    learning_rate = 7e-4
    gamma, ent_coef, vf_coef = 0.9, 0.05, 0.05
    max_grad_norm = None
    normalize_advantage = False

    def _make_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(self.policy.parameters(), lr=7e-4, alpha=0.99, eps=1e-5)

    def _make_update(self) -> GradientUpdate:
        loss = A2C(self.policy, self.ent_coef, self.vf_coef)
        return GradientUpdate(loss, self.optimizer, self.max_grad_norm)
