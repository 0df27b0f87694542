"""MAESN: exploring with a latent for each episode, drawn from what the task's learner believes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.venv import check_spaces
from ..core.learning.adaptation import InnerRates
from ..core.play.fixed_tasks import chosen_of, draw_fixed
from ..core.play.player import OnStep
from ..core.play.view import open_loop
from . import presets
from .latent import LOG_STD, MEAN, LatentLearner, LatentLoss, LatentPolicy
from .latent_loop import LatentInnerLoop
from .maml import MAML
from .rounds import Round, RoundCollector


class MAESN(MAML):
    """MAESN (Gupta et al. 2018, arXiv 1802.07245): structured noise that gradient steps adapt.

    The policy sees a latent, drawn once an episode: noise that leads to whole ways of acting, not
    to trembling. Each training task keeps a belief about its latent (mean and deviation, drawn to
    the standard normal distribution by `kl_coef`); a gradient step on some episodes, at learnt
    rates, moves the belief to latents that paid, and one outer step improves the policy, all
    beliefs and the rates by how well that went. A new task begins with the standard normal
    distribution. Train where rewards are dense, and act where they are sparse: what the latents
    lead to is learnt once.

    Differences from the paper: the gradient of a belief is that of the drawn latents' log density
    times the returns of whole episodes; returns are standardised within each task; terms of
    latents weigh as one more action of an episode, in its divergence for the trust region too;
    deviations stay between exp(-4) and exp(2); a new task takes a few steps, at rates that shrink,
    instead of a hundred on 10,000 steps each.

    Raises:
        ValueError: If an argument is out of range, nothing is to adapt, or an argument of MAML's
            other relatives is given.
    """

    policy_aliases = {"MlpPolicy": LatentPolicy, "LatentPolicy": LatentPolicy}

    presets = presets.MAESN
    paper_policy = {"net_arch": (100, 100), "activation": nn.ReLU}

    n_envs = 400
    inner_lr = 1.0
    learn_inner_lr = True
    inner_lr_shape = "parameter"
    sub_sampling_factor = 1  # beliefs of tasks without a curvature would have no bound
    latent_size: int = argument(
        "Numbers of a latent; 0 for none: with `adapt_policy` that is MAML.",
        at_least(0),
        default=2,
    )
    adapt_policy: bool = argument(
        "Adapt the policy's parameters too, as MAML does (the release does not).", default=False
    )
    n_train_tasks: int = argument(
        "Training tasks, drawn once; each has a belief.", at_least(1), default=100
    )
    kl_coef: float = argument(
        "Weight of the beliefs' divergence from the prior.", at_least(0), default=0.1
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if not values["latent_size"] and not values["adapt_policy"]:
            raise ValueError(
                "latent_size=0 leaves nothing to adapt; give adapt_policy=True, or a latent"
            )
        if values["outer"] == "reptile":
            raise ValueError("outer='reptile' is for Reptile; MAESN takes 'trpo' and 'ppo'")
        for name, none in (("exploration_coef", 0.0), ("inner_kl_coef", 0.0), ("balance", None)):
            if values[name] != none:
                raise ValueError(f"{name}={values[name]!r}: MAESN has no such term; leave it out")

    def _setup_model(self) -> None:
        self._draw_tasks()
        super()._setup_model()

    def _draw_tasks(self) -> None:
        seed = fold(self.seed, "train tasks")
        self.train_tasks = draw_fixed(self.venv, self.n_train_tasks, seed)

    @property
    def num_tasks(self) -> int:
        """Training tasks: those of a finite split are fewer than `n_train_tasks`."""
        return len(next(iter(self.train_tasks.values())))

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment with the same spaces: on its tasks, with new beliefs.

        Raises:
            ValueError: If its spaces, or the number of its training tasks, differ.
        """
        before, tasks = self.venv, self.train_tasks
        super().set_env(env, force_reset)
        self._draw_tasks()
        if (found := self.num_tasks) != len(self.policy.means):
            self._set_venv(before)
            self.train_tasks = tasks
            raise ValueError(
                f"the environment has {found} training tasks; the agent keeps beliefs of "
                f"{len(self.policy.means)}"
            )
        with torch.no_grad():
            self.policy.means.zero_()
            self.policy.log_stds.zero_()

    def _policy_arguments(self) -> dict[str, Any]:
        own = {"latent_size": self.latent_size, "n_tasks": self.num_tasks}
        return {**own, **super()._policy_arguments()}

    def _adapted(self) -> dict[str, torch.Tensor]:
        latent = self.policy.means[0]
        beliefs = {MEAN: latent, LOG_STD: latent} if self.latent_size else {}
        return {**beliefs, **(super()._adapted() if self.adapt_policy else {})}

    def _make_learner(self, rates: InnerRates) -> LatentLearner:
        return LatentLearner(
            self.policy,
            rates,
            self.estimator,
            self.gamma,
            self.gae_lambda,
            self.normalize_advantage,
            self.first_order,
            adapt_policy=self.adapt_policy,
        )

    def _make_outer_loss(self) -> LatentLoss:
        learner: Any = self.learner  # of `_make_learner`
        return LatentLoss(learner, kl_coef=self.kl_coef)

    def inner_loop(
        self,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        keep: bool = False,
        problems: np.ndarray | None = None,
    ) -> LatentInnerLoop:
        """Return the learnt learner with empty experience: the prior for each task.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: Episodes of one gradient step.
            seed: As in `MetaAlgorithm`.
            keep: Keep the played rounds, for collectors.
            problems: For collectors: which training tasks are played.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        learner: Any = self.learner
        return LatentInnerLoop(
            learner,
            venv,
            rows_per_task,
            seed,
            trained_steps=self.inner_steps,
            later_rate=self.later_inner_lr,
            keep=keep,
            problems=problems,
        )

    def _collect(self, on_step: OnStep) -> Round:
        rows = self.rows_per_task
        rng = np.random.default_rng(fold(self.seed, "tasks", self.iteration))
        chosen = chosen_of(self.num_tasks, self.n_envs // rows, rng)
        seed = fold(self.seed, "act", self.iteration)
        loop = open_loop(self, self.venv, rows, seed, keep=True, problems=chosen)
        collector = RoundCollector(self.venv, loop, rows, on_step)
        tasks = {key: part[chosen] for key, part in self.train_tasks.items()}
        episodes = fold(self.seed, "collect", self.iteration)
        return collector.play(tasks, episodes, self.inner_steps + 1)

    def train(self, experience: Round) -> dict[str, float]:
        """Take the outer step, and return figures to log."""
        figures = super().train(experience)
        if self.latent_size:
            figures["belief_std"] = float(self.policy.log_stds.detach().exp().mean())
        return figures

    # ---- state ----------------------------------------------------------------------------------

    def _extra_state(self) -> dict[str, Any]:
        return {**super()._extra_state(), "train_tasks": dict(self.train_tasks)}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        super()._set_extra_state(state)
        saved = dict(state["train_tasks"])
        count = len(next(iter(saved.values())))
        self.train_tasks = _tasks.as_tasks(self.venv.unwrapped.single_task_space, saved, count)

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Act with latents from the prior, which are the state, drawn where episodes start."""
        size = (len(observations), self.latent_size)
        begins = np.full(size[0], state is None) if starts is None else starts
        latents = np.zeros(size, np.float32) if state is None else np.array(state[0])
        if not deterministic:
            drawn = self._predict_random.standard_normal(size, np.float32)
            latents = np.where(begins[:, None], drawn, latents)
        seen = torch.cat([self.policy.inputs(observations), torch.from_numpy(latents)], dim=1)
        params = self.policy(seen.to(self.device)).cpu()
        head = self.policy.head
        if deterministic:
            return head.mode(params).numpy(), (latents,)
        return head.sample(params, self._predict_noise(head, len(params))).numpy(), (latents,)
