"""L2RL: an LSTM trained by advantage actor-critic over trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..core.schedules import Schedule, value_at
from ..core.settings import configured
from ..core.trial_algorithm import TrialAlgorithm
from ..core.trials import Batch
from .losses import a2c_loss
from .presets import PRESETS


class L2RL(TrialAlgorithm):
    """L2RL (Wang et al. 2016, arXiv 1611.05763): an LSTM with A2C, one update a collection.

    The LSTM sees the observation, the previous action and the previous reward; its state is reset
    at trial starts only.

    Differences from the paper: many rows are played at once instead of one thread's trials in turn
    (`n_envs`); the input tells where episodes start instead of the time within the trial; rewards
    are divided by the running deviation of the discounted return (`normalize_reward`).

    Args:
        policy: `"LstmPolicy"` or `"GruPolicy"`.
        env: An id, a `gym.make` environment, a `MetaVectorEnv` or an `SB3VecEnv` over one.
        learning_rate: Of RMSProp; a number or `("linear", start, end)`.
        n_envs: Rows, where `env` is an id.
        n_trials: Whole trials a row and iteration.
        gamma: Discount over the whole trial; a number or `("linear", start, end)`.
        gae_lambda: 1 is the paper's plain return minus value.
        ent_coef: Weight of the entropy; a number or `("linear", start, end)`.
        vf_coef: Weight of the value loss.
        max_grad_norm: Clip of the gradient's norm; None for none.
        normalize_advantage: Standardise advantages over an iteration.
        normalize_reward: Scale rewards, see above.
        cut_at_episode_ends: Let no advantage cross an episode's end.
        env_kwargs: Keyword arguments of an id.
        preset: `"auto"` applies the one for this id and its arguments; None none; or a name.
        policy_kwargs: Of the policy; the paper has 48 units and no layer before them.
        stats_window_size: As in Stable-Baselines3.
        tensorboard_log: Folder, or None.
        verbose: 0 or 1.
        seed: Of everything; None draws one.
        device: `"cpu"`, `"cuda"` or `"auto"`; networks of this size are quicker on a CPU.
        _init_setup_model: As in Stable-Baselines3.

    Raises:
        ValueError: If an argument is out of range.
    """

    @configured(PRESETS)
    def __init__(
        self,
        policy: str | type[nn.Module],
        env: Any,
        learning_rate: Schedule = 7e-4,
        n_envs: int = 32,
        n_trials: int = 1,
        gamma: Schedule = 0.9,
        gae_lambda: float = 1.0,
        ent_coef: Schedule = 0.05,
        vf_coef: float = 0.05,
        max_grad_norm: float | None = None,
        normalize_advantage: bool = False,
        normalize_reward: bool = True,
        cut_at_episode_ends: bool = False,
        env_kwargs: Mapping[str, Any] | None = None,
        preset: str | None = "auto",
        policy_kwargs: dict[str, Any] | None = None,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "cpu",
        _init_setup_model: bool = True,
    ):
        paper = {"hidden_size": 48, "embedding_sizes": ()}
        super().__init__(
            policy,
            env,
            learning_rate,
            n_envs=n_envs,
            n_trials=n_trials,
            batch_size=None,
            n_epochs=1,
            gamma=gamma,
            gae_lambda=gae_lambda,
            ent_coef=ent_coef,
            vf_coef=vf_coef,
            max_grad_norm=max_grad_norm,
            normalize_advantage=normalize_advantage,
            normalize_reward=normalize_reward,
            cut_at_episode_ends=cut_at_episode_ends,
            env_kwargs=env_kwargs,
            policy_kwargs=paper if policy_kwargs is None else policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            seed=seed,
            device=device,
            _init_setup_model=_init_setup_model,
        )

    def _make_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(self.policy.parameters(), lr=7e-4, alpha=0.99, eps=1e-5)

    def loss(self, batch: Batch, progress: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """A2C's loss on all trials of an iteration."""
        params, value = self.policy(batch.inputs)
        head = self.policy.head
        return a2c_loss(
            head.log_prob(params, batch.actions),
            head.entropy(params),
            value,
            batch.advantages,
            batch.returns,
            batch.mask,
            ent_coef=value_at(self.ent_coef, progress),
            vf_coef=self.vf_coef,
        )
