"""RL2: a recurrent policy whose state is the learnt learner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ..core import losses
from ..core.chunks import Chunks
from ..core.linear_baseline import trial_baseline
from ..core.returns import gae
from ..core.schedules import Schedule, check_schedule, value_at
from ..core.settings import configured
from ..core.trial_algorithm import TrialAlgorithm
from ..core.trials import Batch, Trials
from .losses import ppo_loss
from .presets import PRESETS
from .trust_region import trust_region_update


class RL2(TrialAlgorithm):
    """RL2 (Duan et al. 2016, arXiv 1611.02779), with PPO.

    A GRU sees the observation, the previous action, the previous reward and whether an episode
    starts; its state is reset at trial starts only, and returns run over the whole trial.

    Differences from the paper: PPO instead of TRPO (as in the later releases; `outer="trpo"` with
    `baseline="linear"` is the paper's); rewards are divided by the running deviation of the
    discounted return (`normalize_reward`; without it long bandits stay at chance); policy and value
    share a network unless `policy_kwargs={"separate_value": True}`.

    Long trials can be learnt from in parts (`chunk_length`). Differences from the code of
    metaworld-algorithms, whose chunks overlap too: the overlapping steps warm the memory up and
    carry no loss, so that every step counts once; the last, shorter chunk is not dropped; chunks
    are shuffled, and begin with the state of the acting policy instead of the one that the previous
    minibatch left.

    Args:
        policy: `"GruPolicy"` or `"LstmPolicy"`.
        env: An id, a `gym.make` environment, a `MetaVectorEnv` or an `SB3VecEnv` over one.
        learning_rate: Of Adam; a number or `("linear", start, end)`.
        n_envs: Rows, where `env` is an id.
        n_trials: Whole trials a row and iteration.
        batch_size: Trials a minibatch (chunks, where there are); None is all of an iteration's.
        n_epochs: Passes over an iteration's trials.
        gamma: Discount over the whole trial; a number or `("linear", start, end)`.
        gae_lambda: Lambda over the whole trial (.3 in the paper).
        clip_range: PPO's clip.
        ent_coef: Weight of the entropy; a number or `("linear", start, end)`.
        vf_coef: Weight of the value loss.
        max_grad_norm: Clip of the gradient's norm; None for none.
        normalize_advantage: Standardise advantages over an iteration.
        normalize_reward: Scale rewards, see above.
        cut_at_episode_ends: Let no advantage cross an episode's end.
        outer: `"ppo"` or `"trpo"`; the latter needs `policy_kwargs={"separate_value": True}`, and
            `learning_rate`, `batch_size` and `n_epochs` are then those of the value.
        target_kl: Radius of TRPO's region.
        baseline: What advantages are measured against: `"network"`, the value head; or `"linear"`,
            a ridge regression on observation and time that is fitted to each trial of an iteration
            (see `core.linear_baseline`); `vf_coef` is not used then, and the value head not
            trained.
        chunk_length: Steps of a trial that a minibatch's sequences count; None is whole trials.
        chunk_overlap: Steps before a chunk that warm its memory up.
        balance: A quantity of the task, e.g. Meta-World's `"environment"`, of which each iteration
            has every value equally often (for splits that are lists); None draws independently.
        env_kwargs: Keyword arguments of an id.
        preset: `"auto"` applies the one for this id and its arguments; None none; or a name.
        policy_kwargs: Of the policy; the paper's hidden size is 256.
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
        learning_rate: Schedule = 5e-4,
        n_envs: int = 128,
        n_trials: int = 1,
        batch_size: int | None = None,
        n_epochs: int = 8,
        gamma: Schedule = 0.99,
        gae_lambda: float = 0.3,
        clip_range: Schedule = 0.2,
        ent_coef: Schedule = 0.01,
        vf_coef: float = 0.5,
        max_grad_norm: float | None = 0.5,
        normalize_advantage: bool = True,
        normalize_reward: bool = True,
        cut_at_episode_ends: bool = False,
        outer: str = "ppo",
        target_kl: float = 0.01,
        baseline: str = "network",
        chunk_length: int | None = None,
        chunk_overlap: int = 50,
        balance: str | None = None,
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
        check_schedule("clip_range", clip_range)
        self.clip_range = clip_range
        self.outer, self.target_kl, self.baseline = outer, target_kl, baseline
        self.chunk_length, self.chunk_overlap = chunk_length, chunk_overlap
        super().__init__(
            policy,
            env,
            learning_rate,
            n_envs=n_envs,
            n_trials=n_trials,
            batch_size=batch_size if chunk_length is None else None,
            n_epochs=n_epochs,
            gamma=gamma,
            gae_lambda=gae_lambda,
            ent_coef=ent_coef,
            vf_coef=vf_coef,
            max_grad_norm=max_grad_norm,
            normalize_advantage=normalize_advantage,
            normalize_reward=normalize_reward,
            cut_at_episode_ends=cut_at_episode_ends,
            balance=balance,
            env_kwargs=env_kwargs,
            policy_kwargs={"hidden_size": 256} if policy_kwargs is None else policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            seed=seed,
            device=device,
            _init_setup_model=_init_setup_model,
        )
        self._check(batch_size)

    def _check(self, batch_size: int | None) -> None:
        """Check how updates are made."""
        choices = {"outer": ("ppo", "trpo"), "baseline": ("network", "linear")}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                given = getattr(self, name)
                raise ValueError(f"{name}={given!r} is unknown; allowed are {list(allowed)}")
        trpo, separate = self.outer == "trpo", self.policy_kwargs.get("separate_value")
        if trpo and self.baseline == "network" and not separate:
            raise ValueError(
                "outer='trpo' holds the policy in its region while the value is fitted; give "
                "policy_kwargs={'separate_value': True, ...}, or baseline='linear'"
            )
        if self.chunk_length is None:
            return
        if trpo:
            raise ValueError("outer='trpo' updates from whole trials; leave out chunk_length")
        counts = {"chunk_length": 1, "chunk_overlap": 0}
        for name, least in counts.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)} must be at least {least}")
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1 chunk")
        self.batch_size = self.settings["batch_size"] = batch_size

    def update_once(self, whole: Batch, progress: float) -> dict[str, float]:
        """Take TRPO's step, where that is the outer one."""
        if self.outer == "ppo":
            return {}
        ent_coef = value_at(self.ent_coef, progress)
        return trust_region_update(self.policy, whole, ent_coef, self.target_kl)

    def minibatches(self, whole: Batch, shuffle: np.random.Generator) -> Iterator[Batch]:
        """Yield minibatches of whole trials or of chunks; none where TRPO has done all."""
        if self.outer == "trpo" and self.baseline == "linear":
            return
        if self.chunk_length is None:
            yield from super().minibatches(whole, shuffle)
            return
        chunks = Chunks(whole, self.policy, self.chunk_length, self.chunk_overlap)
        for _ in range(self.n_epochs):
            yield from chunks.shuffled(self.batch_size, shuffle)

    def baseline_values(
        self, trials: Trials, rewards: torch.Tensor, continues: torch.Tensor, gamma: float
    ) -> torch.Tensor:
        """Return the acting network's values, or those of the linear baseline, [T, B]."""
        if self.baseline == "network":
            return super().baseline_values(trials, rewards, continues, gamma)
        _, returns = gae(rewards, torch.zeros_like(rewards), continues, gamma, 1.0)
        return trial_baseline(trials.inputs, returns, trials.ends, trials.mask)

    def _make_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.policy.parameters(), lr=1e-3, eps=1e-5)

    def loss(self, batch: Batch, progress: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """PPO's loss on a minibatch of trials or chunks; the value's alone beside TRPO."""
        params, value = self.policy(batch.inputs, state=batch.state)
        if self.outer == "trpo":
            value_part = losses.value_loss(value, batch.returns, batch.mask)
            return self.vf_coef * value_part, {"value_loss": value_part}
        head, network = self.policy.head, self.baseline == "network"
        total, figures = ppo_loss(
            head.log_prob(params, batch.actions),
            head.entropy(params),
            value,
            batch.old_log_prob,
            batch.advantages,
            batch.returns,
            batch.mask,
            clip=value_at(self.clip_range, progress),
            ent_coef=value_at(self.ent_coef, progress),
            vf_coef=self.vf_coef if network else 0.0,
        )
        if not network:
            figures.pop("value_loss")
        return total, figures
