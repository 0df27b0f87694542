"""VariBAD: a belief over the task, learnt by explaining trials, and a policy that acts on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import flatdim
from torch import nn

from meta_envs.core.rng import fold

from ..core.belief import gaussian_sample
from ..core.schedules import Schedule, check_schedule, value_at
from ..core.settings import configured
from ..core.trial_algorithm import TrialAlgorithm
from ..core.trials import Batch, TrialCollector, Trials
from ..core.venv import check_spaces
from ..rl2.losses import ppo_loss
from .arguments import check_choices, check_counts
from .decoders import CellDecoder, make_decoders
from .experience import Transitions, TrialBuffer, transitions_of
from .inner_loop import BeliefInnerLoop
from .losses import elbo_loss, posterior_kl
from .policies import BeliefPolicy
from .presets import PRESETS


class VariBAD(TrialAlgorithm):
    """VariBAD (Zintgraf et al. 2020, arXiv 1910.08348), with PPO.

    A GRU turns the trial so far into a Gaussian belief over a latent task. It learns from decoders,
    which from each belief of a trial explain all of the trial's steps, past and future
    (equations 5-8); the policy sees the observation and the belief's mean and log variance, and
    sends no gradient back.

    Differences from the paper: whole trials of many rows an iteration; after an episode's end the
    encoder sees the next start instead of the last successor, which `TrialWrapper` does not show
    either (decoders do see it), but also the observation before each step; both parts of the bound
    are means over trials (in the release the KL is a sum, see `kl_scale`); on GridNavi the preset's
    decoder knows that one cell is the goal (`reward_decoder="cells"` is the paper's).

    Args:
        policy: `"BeliefPolicy"`.
        env: An id, a `gym.make` environment, a `MetaVectorEnv` or an `SB3VecEnv` over one.
        learning_rate: Of the policy's Adam; a number or `("linear", start, end)`.
        n_envs: Rows, where `env` is an id.
        n_trials: Whole trials a row and iteration.
        batch_size: Trials a minibatch of PPO; None is all of an iteration's.
        n_epochs: Passes of PPO over an iteration's trials.
        gamma: Discount over the whole trial; a number or `("linear", start, end)`.
        gae_lambda: Lambda over the whole trial.
        clip_range: PPO's clip.
        ent_coef: Weight of the entropy; a number or `("linear", start, end)`.
        vf_coef: Weight of the value loss.
        max_grad_norm: Clip of the policy's gradient's norm; None for none.
        normalize_advantage: Standardise advantages over an iteration.
        normalize_reward: Scale rewards of PPO by the running deviation of the discounted return;
            encoder and decoders see them raw.
        cut_at_episode_ends: Let no advantage cross an episode's end.
        vae_learning_rate: Of the Adam of encoder and decoders; a number or a schedule.
        vae_updates: Updates of encoder and decoders an iteration, after PPO's.
        vae_batch_size: Trials of such an update, from the buffer.
        vae_buffer_size: Recent trials that are kept, at least, in checkpoints too.
        vae_max_grad_norm: Clip of that update's gradient's norm; None for none, as in the release.
            Through long trials one gradient without it can undo what the encoder has learnt.
        kl_coef: Weight of the KL between consecutive beliefs; 1 is the bound itself.
        kl_scale: `"consistent"`, or `"original"`, which multiplies `kl_coef` by `vae_batch_size` as
            the release does (its .01 for GridNavi is our .25).
        reward_decoder: `"steps"` predicts rewards from state, action and successor; for grids,
            `"cells"` whether a step into each cell pays, and `"goal"` which one of them always
            does (see `CellDecoder`); None for none.
        state_coef: Weight of a decoder of successors; 0 for none.
        task_coef: Weight of a decoder of the task itself (Humplik et al. 2019); 0 for none.
        decoder_sizes: Widths of the decoders' layers.
        n_elbos: Beliefs of each trial that decode, in an update; None is all.
        n_decodes: Steps of each trial that they decode, but for `"cells"`; None is all.
        rl_loss_through_encoder: Let PPO's gradient into the encoder as well.
        env_kwargs: Keyword arguments of an id.
        preset: `"auto"` applies the one for this id and its arguments; None none; or a name.
        policy_kwargs: Of the policy.
        stats_window_size: As in Stable-Baselines3.
        tensorboard_log: Folder, or None.
        verbose: 0 or 1.
        seed: Of everything; None draws one.
        device: `"cpu"`, `"cuda"` or `"auto"`; networks of this size are quicker on a CPU.
        _init_setup_model: As in Stable-Baselines3.

    Raises:
        ValueError: If an argument is out of range.
        TypeError: If cells are to be decoded where observations are no grid.
    """

    policy: BeliefPolicy  # type: ignore[assignment]
    policy_aliases = {"BeliefPolicy": BeliefPolicy}

    @configured(PRESETS)
    def __init__(
        self,
        policy: str | type[nn.Module],
        env: Any,
        learning_rate: Schedule = 7e-4,
        n_envs: int = 128,
        n_trials: int = 1,
        batch_size: int | None = None,
        n_epochs: int = 4,
        gamma: Schedule = 0.95,
        gae_lambda: float = 0.95,
        clip_range: Schedule = 0.2,
        ent_coef: Schedule = 0.01,
        vf_coef: float = 0.5,
        max_grad_norm: float | None = 0.5,
        normalize_advantage: bool = True,
        normalize_reward: bool = True,
        cut_at_episode_ends: bool = False,
        vae_learning_rate: Schedule = 1e-3,
        vae_updates: int = 8,
        vae_batch_size: int = 64,
        vae_buffer_size: int = 1024,
        vae_max_grad_norm: float | None = None,
        kl_coef: float = 0.1,
        kl_scale: str = "consistent",
        reward_decoder: str | None = "steps",
        state_coef: float = 0.0,
        task_coef: float = 0.0,
        decoder_sizes: tuple[int, ...] = (32, 32),
        n_elbos: int | None = 50,
        n_decodes: int | None = 50,
        rl_loss_through_encoder: bool = False,
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
        check_schedule("vae_learning_rate", vae_learning_rate)
        check_counts(vae_updates, vae_batch_size, vae_buffer_size, n_elbos, n_decodes)
        if vae_max_grad_norm is not None and vae_max_grad_norm <= 0:
            raise ValueError(f"vae_max_grad_norm={vae_max_grad_norm} must be above 0, or None")
        check_choices(reward_decoder, state_coef, task_coef, kl_scale)
        self.clip_range = clip_range
        self.vae_learning_rate = vae_learning_rate
        self.vae_updates, self.vae_batch_size = vae_updates, vae_batch_size
        self.vae_max_grad_norm = vae_max_grad_norm
        self.vae_buffer = TrialBuffer(vae_buffer_size)
        self.kl_coef, self.kl_scale = kl_coef, kl_scale
        self.reward_decoder, self.decoder_sizes = reward_decoder, tuple(decoder_sizes)
        self.state_coef, self.task_coef = state_coef, task_coef
        self.n_elbos, self.n_decodes = n_elbos, n_decodes
        self.rl_loss_through_encoder = rl_loss_through_encoder
        super().__init__(
            policy,
            env,
            learning_rate,
            n_envs=n_envs,
            n_trials=n_trials,
            batch_size=batch_size,
            n_epochs=n_epochs,
            gamma=gamma,
            gae_lambda=gae_lambda,
            ent_coef=ent_coef,
            vf_coef=vf_coef,
            max_grad_norm=max_grad_norm,
            normalize_advantage=normalize_advantage,
            normalize_reward=normalize_reward,
            cut_at_episode_ends=cut_at_episode_ends,
            env_kwargs=env_kwargs,
            policy_kwargs=policy_kwargs or {},
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            seed=seed,
            device=device,
            _init_setup_model=_init_setup_model,
        )

    # ---- parts ----------------------------------------------------------------------------------

    def _setup_model(self) -> None:
        super()._setup_model()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(fold(self.seed, "decoders") % 2**63)
            self.decoders = make_decoders(
                self.policy.builder,
                self.observation_space,
                self.policy.latent_size,
                self.decoder_sizes,
                reward=self.reward_decoder,
                state=self.state_coef > 0,
                task_size=flatdim(self.venv.single_task_space) if self.task_coef > 0 else 0,
            ).to(self.device)
        trained = [*self.policy.encoder.parameters(), *self.decoders.parameters()]
        self.vae_optimizer = torch.optim.Adam(trained, lr=1e-3)

    def _make_optimizer(self) -> torch.optim.Optimizer:
        trained: Any = self.policy.acting_parameters()
        if self.rl_loss_through_encoder:
            trained = self.policy.parameters()
        return torch.optim.Adam(trained, lr=1e-3, eps=1e-5)

    def _networks(self) -> dict[str, nn.Module]:
        return {**super()._networks(), "decoders": self.decoders}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {**super()._optimizers(), "vae.optimizer": self.vae_optimizer}

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> BeliefInnerLoop:
        """Return the learnt learner with empty experience: a belief a row."""
        check_spaces(venv, self.observation_space, self.action_space)
        decoder = self.decoders["reward"] if "reward" in self.decoders else None
        cells = decoder if isinstance(decoder, CellDecoder) else None
        return BeliefInnerLoop(self.policy, cells, venv, rows_per_task, seed)

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: Callable[[int], bool]) -> Trials | None:
        loop = self.inner_loop(self.venv, seed=fold(self.seed, "act", self.iteration))
        collector = TrialCollector(self.venv, self.n_trials, with_tasks=self.task_coef > 0)
        return collector.collect(loop, fold(self.seed, "collect", self.iteration), on_step)

    def train(self, trials: Trials) -> dict[str, float]:
        """Update the policy from the trials of one iteration, then the belief from the buffer."""
        figures = super().train(trials)
        self.vae_buffer.add(transitions_of(trials, self.policy.builder))
        return {**figures, **self._train_belief()}

    @torch.no_grad()
    def prepare(self, trials: Trials, gamma: float) -> Batch:
        """Compute advantages; and the beliefs, unless PPO's gradient passes through them."""
        batch = super().prepare(trials, gamma)
        if not self.rl_loss_through_encoder:
            batch.inputs = self.policy.condition(batch.inputs.to(self.device))
        return batch

    def loss(self, batch: Batch, progress: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """PPO's loss on a minibatch of whole trials."""
        network = self.policy if self.rl_loss_through_encoder else self.policy.act_on
        params, value = network(batch.inputs)
        head = self.policy.head
        return ppo_loss(
            head.log_prob(params, batch.actions),
            head.entropy(params),
            value,
            batch.old_log_prob,
            batch.advantages,
            batch.returns,
            batch.mask,
            clip=value_at(self.clip_range, progress),
            ent_coef=value_at(self.ent_coef, progress),
            vf_coef=self.vf_coef,
        )

    def vae_loss(
        self, trials: Transitions, generator: torch.Generator
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the negative evidence lower bound of some trials and figures to log.

        Args:
            trials: B of them.
            generator: Draws latents, and the beliefs and steps that are decoded.
        """
        mean, log_variance = self.policy.posteriors(trials.inputs, trials.before)
        kl, mask = posterior_kl(mean, log_variance), trials.belief_mask
        beliefs = _some(len(mask), self.n_elbos, generator)
        if beliefs is not None:
            mean, log_variance, kl, mask = (p[beliefs] for p in (mean, log_variance, kl, mask))
        steps = _some(len(trials.mask), self.n_decodes, generator)
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        latents = gaussian_sample(mean, log_variance, noise)
        coefs = {"reward": 1.0, "state": self.state_coef, "task": self.task_coef}
        explained = torch.zeros_like(kl)
        figures = {}
        for name, decoder in self.decoders.items():
            likelihood = decoder.log_likelihood(latents, trials, steps)  # type: ignore[operator]
            explained = explained + coefs[name] * likelihood
            figures[f"{name}_log_likelihood"] = (likelihood * mask).sum() / mask.sum()
        total, parts = elbo_loss(explained, kl, mask, kl_coef=self.kl_coef, kl_scale=self.kl_scale)
        return total, {"vae_loss": total, **parts, **figures}

    def _train_belief(self) -> dict[str, float]:
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        for group in self.vae_optimizer.param_groups:
            group["lr"] = value_at(self.vae_learning_rate, progress)
        generator = torch.Generator().manual_seed(fold(self.seed, "vae", self.iteration))
        parameters = self.vae_optimizer.param_groups[0]["params"]
        clip = math.inf if self.vae_max_grad_norm is None else self.vae_max_grad_norm
        logged: dict[str, list[float]] = {}
        for _ in range(self.vae_updates):
            chosen = torch.randperm(len(self.vae_buffer), generator=generator)
            trials = self.vae_buffer.sample(chosen[: self.vae_batch_size]).to(self.device)
            loss, figures = self.vae_loss(trials, generator)
            self.vae_optimizer.zero_grad()
            loss.backward()
            figures["vae_grad_norm"] = nn.utils.clip_grad_norm_(parameters, clip)
            self.vae_optimizer.step()
            for name, figure in figures.items():
                logged.setdefault(name, []).append(float(figure.detach()))
        self.vae_optimizer.zero_grad()  # nothing left over in the norm that PPO's clip measures
        return {name: float(np.mean(values)) for name, values in logged.items()}

    # ---- state ----------------------------------------------------------------------------------

    def _capture(self) -> tuple[dict[str, Any], dict[str, dict]]:
        progress, tensors = super()._capture()
        return progress, {**tensors, "vae.buffer": self.vae_buffer.tensors()}

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        self.vae_buffer.load_tensors(tensors.get("vae.buffer", {}))
        super()._restore(progress, tensors, path)


def _some(count: int, wanted: int | None, generator: torch.Generator) -> torch.Tensor | None:
    """Return `wanted` of `count` places in order, drawn without replacement; None is all."""
    if wanted is None or wanted >= count:
        return None
    return torch.randperm(count, generator=generator)[:wanted].sort().values
