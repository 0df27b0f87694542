"""VariBAD: a belief over the task, learnt by explaining trials, and a policy that acts on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium.spaces import flatdim
from torch import nn

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import PPOArguments
from ..core.base.arguments import above, argument, at_least, one_of
from ..core.base.schedules import Schedule, check_schedule, value_at
from ..core.base.search import Between
from ..core.base.trial_algorithm import TrialAlgorithm
from ..core.base.updates import GradientUpdate, Update
from ..core.base.venv import check_spaces
from ..core.nets.belief import gaussian_sample
from ..core.play.trials import Batch, Trials
from .bonus import Bonus, BonusArguments
from .decoder_set import make_decoders
from .decoders import CellDecoder
from .experience import Transitions, TrialBuffer, transitions_of
from .inner_loop import BeliefInnerLoop
from .losses import elbo_loss, posterior_kl
from .policies import POLICIES
from .presets import PRESETS


class VariBAD(BonusArguments, PPOArguments, TrialAlgorithm):
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

    With `novelty_coef=1` and `surprise_coef=1` it is `HyperX`.

    Raises:
        ValueError: If an argument is out of range.
        TypeError: If cells are to be decoded but observations are not a grid.
    """

    policy_aliases: ClassVar[dict[str, Any]] = POLICIES
    presets = PRESETS

    learning_rate = 7e-4
    n_envs = 128
    gamma = 0.95
    gae_lambda = 0.95
    vae_learning_rate: Schedule = argument(
        "Learning rate of encoder and decoders; a number or a schedule.",
        check_schedule,
        default=1e-3,
        search=Between(1e-4, 1e-2, log=True),
    )
    vae_updates: int = argument(
        "Updates of encoder and decoders an iteration, after PPO's.", at_least(1), default=8
    )
    vae_batch_size: int = argument(
        "Trials of such an update, from the buffer.", at_least(1), default=64
    )
    vae_buffer_size: int = argument(
        "Recent trials that are kept, at least; checkpoints keep them too.",
        at_least(1),
        default=1024,
    )
    vae_max_grad_norm: float | None = argument(
        "That update's gradients are clipped to this norm; None, as in the release, does not clip. "
        "Through long trials one unclipped gradient can undo what the encoder has learnt.",
        above(0),
        default=None,
    )
    kl_coef: float = argument(
        "Weight of the KL between consecutive beliefs; 1 is the bound itself.", default=0.1
    )
    kl_scale: str = argument(
        '`"consistent"`, or `"original"`, which multiplies `kl_coef` by `vae_batch_size` as the '
        "release does (its .01 for GridNavi is our .25).",
        one_of("consistent", "original"),
        default="consistent",
    )
    reward_decoder: str | None = argument(
        '`"steps"` predicts rewards from state, action and successor; for grids, `"cells"` '
        'predicts whether a step into each cell pays, and `"goal"` which one of them always does '
        "(see `CellDecoder`); None decodes no rewards.",
        one_of("steps", "cells", "goal", None),
        default="steps",
    )
    state_coef: float = argument(
        "Weight of a decoder of successors; 0 for none.", at_least(0), default=0.0
    )
    task_coef: float = argument(
        "Weight of a decoder of the task itself (Humplik et al. 2019); 0 for none.",
        at_least(0),
        default=0.0,
    )
    decoder_sizes: tuple[int, ...] = argument("Widths of the decoders' layers.", default=(32, 32))
    n_elbos: int | None = argument(
        "Beliefs of each trial that decode, in an update; None takes all.",
        at_least(1),
        default=50,
    )
    n_decodes: int | None = argument(
        'Steps of each trial that they decode, but for `"cells"`; None takes all.',
        at_least(1),
        default=50,
    )
    rl_loss_through_encoder: bool = argument(
        "Let PPO's gradient into the encoder as well.", default=False
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        buffer, batch = values["vae_buffer_size"], values["vae_batch_size"]
        if buffer < batch:
            raise ValueError(
                f"vae_buffer_size={buffer} is less than vae_batch_size={batch} trials; keep at "
                "least as many as an update takes"
            )
        decoded = ("reward_decoder", "state_coef", "task_coef")
        if not any(values[name] for name in decoded):
            raise ValueError(
                "nothing is decoded, so no belief is learnt; give reward_decoder, state_coef or "
                "task_coef"
            )

    # ---- parts ----------------------------------------------------------------------------------

    def _setup_model(self) -> None:
        super()._setup_model()
        self.vae_buffer = TrialBuffer(self.vae_buffer_size)
        task_space = self.venv.unwrapped.single_task_space
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(fold(self.seed, "decoders") % 2**63)
            self.decoders = make_decoders(
                self.policy.builder,
                self.observation_space,
                self.policy.latent_size,
                tuple(self.decoder_sizes),
                reward=self.reward_decoder,
                state=self.state_coef > 0,
                task_size=flatdim(task_space) if self.task_coef > 0 else 0,
            ).to(self.device)
        trained = [*self.policy.encoder.parameters(), *self.decoders.parameters()]
        self.vae_optimizer = torch.optim.Adam(trained, lr=1e-3)
        coefs = {"novelty": self.novelty_coef, "surprise": self.surprise_coef}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(fold(self.seed, "novelty") % 2**63)
            self.bonus = Bonus(self.policy, self.decoders, coefs, self.device)

    def _make_optimizer(self) -> torch.optim.Optimizer:
        policy, whole = self.policy, self.rl_loss_through_encoder
        trained: Any = policy.parameters() if whole else policy.acting_parameters()
        return torch.optim.Adam(trained, lr=1e-3, eps=1e-5)

    def _make_update(self) -> Update:
        self._settle_batch_size()
        network = self.policy if self.rl_loss_through_encoder else self.policy.act_on
        loss = self._ppo_loss(network=network)
        return GradientUpdate(
            loss, self.optimizer, self.max_grad_norm, self.n_epochs, self.batch_size
        )

    def _networks(self) -> dict[str, nn.Module]:
        return {**super()._networks(), "decoders": self.decoders, **self.bonus.networks}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        own = {"vae.optimizer": self.vae_optimizer, **self.bonus.optimizers}
        return {**super()._optimizers(), **own}

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> BeliefInnerLoop:
        """Return the learnt learner with empty experience: one belief per row."""
        check_spaces(venv, self.observation_space, self.action_space)
        decoder = self.decoders["reward"] if "reward" in self.decoders else None
        cells = decoder if isinstance(decoder, CellDecoder) else None
        return BeliefInnerLoop(self.policy, cells, venv, rows_per_task, seed)

    # ---- the outer loop -------------------------------------------------------------------------

    @property
    def _needs_tasks(self) -> bool:
        return self.task_coef > 0

    def train(self, trials: Trials) -> dict[str, float]:
        """Update the policy from the trials of one iteration, then the belief from the buffer."""
        figures = super().train(trials)
        transitions = transitions_of(trials, self.policy.builder)
        if self.bonus.coefs:
            generator = torch.Generator().manual_seed(fold(self.seed, "novelty", self.iteration))
            self.bonus.train(transitions.to(self.device), self.vae_updates, generator)
        self.vae_buffer.add(transitions)
        return {**figures, **self._train_belief(), **self.bonus.figures}

    def paid(self, trials: Trials, rewards: torch.Tensor, gamma: float) -> torch.Tensor:
        """Add HyperX's bonuses, whose weight falls to 0 over training."""
        rewards = super().paid(trials, rewards, gamma)
        if not self.bonus.coefs:
            return rewards
        transitions = transitions_of(trials, self.policy.builder).to(self.device)
        left = 1.0 - min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        return rewards + left * self.bonus.pay(transitions, gamma).to(rewards.device)

    @torch.no_grad()
    def prepare(self, trials: Trials, gamma: float) -> Batch:
        """Compute advantages; and the beliefs, unless PPO's gradient passes through them."""
        batch = super().prepare(trials, gamma)
        if not self.rl_loss_through_encoder:
            batch.inputs = self.policy.condition(batch.inputs.to(self.device))
        return batch

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
            likelihood = decoder.log_likelihood(latents, trials, steps, beliefs)  # type: ignore[operator]
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
        self.vae_optimizer.zero_grad()  # leave nothing over in the norm that PPO's clip measures
        return {name: float(np.mean(values)) for name, values in logged.items()}

    # ---- state ----------------------------------------------------------------------------------

    def _acts_with(self, network: str, tensor: str) -> bool:
        return network != "novelty" and super()._acts_with(network, tensor)

    def _extra_state(self) -> dict[str, Any]:
        return {**super()._extra_state(), **self.bonus.state()}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        super()._set_extra_state(state)
        self.bonus.load_state(state)

    def _capture(self) -> tuple[dict[str, Any], dict[str, dict]]:
        progress, tensors = super()._capture()
        return progress, {**tensors, "vae.buffer": self.vae_buffer.tensors()}

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        self.vae_buffer.load_tensors(tensors.get("vae.buffer", {}))
        super()._restore(progress, tensors, path)


def _some(count: int, wanted: int | None, generator: torch.Generator) -> torch.Tensor | None:
    """Return `wanted` of `count` places in order, drawn without replacement; None takes all."""
    if wanted is None or wanted >= count:
        return None
    return torch.randperm(count, generator=generator)[:wanted].sort().values
