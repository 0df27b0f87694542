"""MAML: initial parameters from which few gradient steps lead to a good policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import BalanceArguments, ClipArguments, DiscountArguments
from ..core.base.arguments import above, argument, at_least, one_of, within
from ..core.base.inner_step_arguments import InnerStepArguments
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import Schedule, check_schedule, value_at
from ..core.base.search import Between
from ..core.base.venv import check_spaces
from ..core.learning.adaptation import InnerRates
from ..core.nets.kernels.fast_mlp import keep_freed_memory
from ..core.nets.mlp import PerTaskPolicy
from ..core.play.balance import check_balance
from ..core.play.player import OnStep
from ..core.play.view import open_loop
from . import outer as outer_steps
from .inner_loop import GradientInnerLoop
from .learner import Learner
from .losses import ESTIMATORS
from .presets import MAML as PRESETS
from .rounds import Round, RoundCollector


class MAML(
    InnerStepArguments, BalanceArguments, ClipArguments, DiscountArguments, IterativeAlgorithm
):
    """MAML (Finn et al. 2017, arXiv 1703.03400), and by its arguments the family around it.

    In each iteration every task plays `rows_per_task` episodes, takes a policy-gradient step on
    them, and so on `inner_steps` times; the outer step then improves the initial parameters by how
    well the adapted policies do, through the inner steps (their equation 4 and algorithm 3). A new
    task is learnt by the same steps.

    Differences from the paper's code: the KL's Hessian is measured on some of the tasks
    (`sub_sampling_factor`); an advantage of equal returns is zero instead of noise.

    Raises:
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpPolicy": PerTaskPolicy, "PerTaskPolicy": PerTaskPolicy}

    presets = PRESETS
    paper_policy = {"net_arch": (100, 100), "activation": nn.ReLU}

    n_envs = 800
    clip_range = 0.3
    rows_per_task: int = argument(
        "Episodes of one task and gradient step; `n_envs` is the tasks of an iteration times this.",
        at_least(1),
        default=20,
    )
    estimator: str = argument(
        'Estimator of the inner gradient\'s own derivative: `"logp"`, `"lvc"` or `"dice"`.',
        one_of(*ESTIMATORS),
        default="logp",
    )
    outer: str = argument(
        '`"trpo"`; `"ppo"`, whose Adam has `learning_rate`; or `"reptile"`, which interpolates '
        "with it.",
        one_of(*outer_steps.OUTERS),
        default="trpo",
    )
    inner_lr_pace: float = argument(
        "Share of Adam's learning rate that the inner rates have, where they are learnt; with a "
        "small one the policy learns before it is adapted much.",
        above(0),
        default=1.0,
    )
    later_inner_lr: float = argument(
        "Factor on the rate with each gradient step beyond those of training (the paper's tests "
        "halve it once): steps on normalised advantages do not settle by themselves.",
        default=0.5,
    )
    exploration_coef: float = argument("Weight of E-MAML's term; 0 for none.", default=0.0)
    inner_kl_coef: float = argument(
        "Weight of ProMP's penalty on the pre-update policy's change; 0 for none.", default=0.0
    )
    n_epochs: int = argument("Steps of Adam an iteration.", at_least(1), default=5)
    max_grad_norm: float | None = argument(
        "Adam's gradients are clipped to this norm; None does not clip.", default=None
    )
    target_kl: Schedule = argument(
        'Radius of TRPO\'s trust region; a number or `("linear", start, end)`.',
        check_schedule,
        default=0.01,
        search=Between(0.002, 0.05, log=True),
    )
    cg_max_steps: int = argument("Steps of TRPO's conjugate gradients.", default=10)
    cg_damping: float = argument("Damping of TRPO's Hessian.", default=1e-5)
    line_search_shrinking_factor: float = argument(
        "Factor between the steps that TRPO's line search tries.", default=0.8
    )
    line_search_max_iter: int = argument("Steps that TRPO's line search tries.", default=15)
    sub_sampling_factor: int = argument(
        "TRPO measures its Hessian on one in so many tasks.", at_least(1), default=5
    )
    gae_lambda: float = argument(
        "Lambda of the advantages over a linear baseline, fitted anew to each task and step.",
        within(0, 1),
        default=1.0,
    )
    normalize_advantage: bool = argument("Standardise advantages within each task.", default=True)

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if values["outer"] == "reptile" and (values["inner_steps"] < 1 or values["learn_inner_lr"]):
            raise ValueError("outer='reptile' needs inner_steps of at least 1, and learns no rates")

    def _setup_model(self) -> None:
        if self.n_envs % self.rows_per_task:
            raise ValueError(
                f"rows_per_task={self.rows_per_task} does not divide n_envs={self.n_envs}; "
                f"use e.g. n_envs={max(self.n_envs // self.rows_per_task, 1)} * rows_per_task"
            )
        if self.balance is not None:
            check_balance(self.venv, self.balance)
        keep_freed_memory()
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space, self.action_space, **self._policy_arguments()
            ).to(self.device)
        kept = ("standardise.", "returns.")  # these change only between iterations
        if running := [
            name for name, _ in self.policy.named_buffers() if not name.startswith(kept)
        ]:
            raise ValueError(
                f"the policy keeps running statistics ({running}), which all tasks would share and "
                "no gradient step adapts; use one without, e.g. LayerNorm instead of BatchNorm"
            )
        rates = InnerRates(
            self._adapted(),
            self.inner_lr,
            self.inner_lr_shape,
            self.inner_steps if self.inner_lr_per_step else 1,
            self.learn_inner_lr,
        )
        self.learner = self._make_learner(rates.to(self.device))
        self.outer_loss = self._make_outer_loss()
        self.optimizer = torch.optim.Adam(self._groups(), lr=1e-3)

    def _groups(self) -> list[dict[str, Any]]:
        """Return what Adam trains: the policy, and inner rates that have a pace of their own."""
        policy, trained = [*self.policy.parameters()], self.outer_loss.parameters()
        rates = trained[len(policy) :]
        if self.inner_lr_pace == 1.0 or not rates:
            return [{"params": trained}]
        return [{"params": policy}, {"params": rates}]

    def _policy_arguments(self) -> dict[str, Any]:
        """Return what the policy is made with, besides the spaces."""
        return dict(self.policy_kwargs)

    def _adapted(self) -> dict[str, torch.Tensor]:
        """Return what the inner steps change, by name; shapes are those of one task."""
        return self.policy.parameters_by_name()

    def _make_learner(self, rates: InnerRates) -> Learner:
        return Learner(
            self.policy,
            rates,
            self.estimator,
            self.gamma,
            self.gae_lambda,
            self.normalize_advantage,
            self.first_order,
        )

    def _make_outer_loss(self) -> outer_steps.OuterLoss:
        return outer_steps.OuterLoss(self.learner, self.exploration_coef, self.inner_kl_coef)

    def _networks(self) -> dict[str, nn.Module]:
        return {"policy": self.policy, "inner_rates": self.learner.rates}

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None, keep: bool = False
    ) -> GradientInnerLoop:
        """Return the learnt learner with empty experience: the initial parameters for each task.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: Episodes of one gradient step.
            seed: As in `MetaAlgorithm`.
            keep: Keep the played rounds, for collectors.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        return GradientInnerLoop(
            self.learner,
            venv,
            rows_per_task,
            seed,
            trained_steps=self.inner_steps,
            later_rate=self.later_inner_lr,
            warn=self.learn_inner_lr,
            keep=keep,
        )

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> Round:
        rows = self.rows_per_task
        seed = fold(self.seed, "act", self.iteration)
        loop = open_loop(self, self.venv, rows, seed, keep=True)
        # Reptile learns from the steps themselves; all others need a round after the last step.
        count = self.inner_steps + (self.outer != "reptile")
        collector = RoundCollector(self.venv, loop, rows, on_step, self.balance)
        return collector.collect(
            fold(self.seed, "tasks", self.iteration),
            fold(self.seed, "collect", self.iteration),
            count,
        )

    def train(self, experience: Round) -> dict[str, float]:
        """Take the outer step, and return figures to log."""
        figures = self._outer_step(experience)
        for played in experience.loop.rounds() if self.policy.standardise is not None else ():
            self.policy.after_iteration(played.inputs.to(self.device), played.mask)
        return figures

    def _outer_step(self, experience: Round) -> dict[str, float]:
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        self._n_updates += 1
        if self.outer == "reptile":
            experience.loop.learn_now()
            parameters = dict(self.policy.named_parameters())
            return outer_steps.interpolate(parameters, experience.loop.parameters, rate)
        rounds = [part.to(self.device) for part in experience.loop.rounds()]
        if self.outer == "trpo":
            names = (
                *("cg_max_steps", "cg_damping", "line_search_shrinking_factor"),
                *("line_search_max_iter", "sub_sampling_factor"),
            )
            return outer_steps.climb(
                self.outer_loss,
                rounds,
                target_kl=value_at(self.target_kl, progress),
                **{name: getattr(self, name) for name in names},
            )
        paces = 1.0, self.inner_lr_pace  # the second of rates that have a group of their own
        for group, pace in zip(self.optimizer.param_groups, paces, strict=False):
            group["lr"] = pace * rate
        clip = value_at(self.clip_range, progress)
        figures = outer_steps.descend(
            self.outer_loss,
            rounds,
            self.optimizer,
            clip,
            self.n_epochs,
            self.max_grad_norm,
        )
        return {**figures, "learning_rate": rate}

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        returns = {name: value for name, value in shown.items() if name.startswith("ep")}
        return {**returns, "trial_rew_mean": [*returns.values()][-1]}

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        params = self.policy(self.policy.inputs(observations).to(self.device)).cpu()
        head = self.policy.head
        if deterministic:
            return head.mode(params).numpy(), state
        return head.sample(params, self._predict_noise(head, len(params))).numpy(), state
