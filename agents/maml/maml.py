"""MAML: initial parameters from which few gradient steps lead to a good policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from meta_envs.core.rng import fold

from ..core.balance import check_balance
from ..core.fast_mlp import keep_freed_memory
from ..core.iterations import IterativeAlgorithm
from ..core.mlp import MlpPolicy
from ..core.schedules import Schedule, check_schedule, value_at
from ..core.settings import configured
from ..core.venv import check_spaces
from . import outer as outer_steps
from .adaptation import SHAPES, InnerRates
from .inner_loop import GradientInnerLoop
from .learner import Learner
from .losses import ESTIMATORS
from .presets import MAML as PRESETS
from .rounds import Round, RoundCollector, record_rounds


class MAML(IterativeAlgorithm):
    """MAML (Finn et al. 2017, arXiv 1703.03400), and by its arguments the family around it.

    In each iteration every task plays `rows_per_task` episodes, takes a policy-gradient step on
    them, and so on `inner_steps` times; the outer step then improves the initial parameters by how
    well the adapted policies do, through the inner steps (their equation 4 and algorithm 3). A new
    task is learnt by the same steps.

    Differences from the paper's code: the KL's Hessian is measured on some of the tasks
    (`sub_sampling_factor`); an advantage of equal returns is zero instead of noise.

    Args:
        policy: `"MlpPolicy"`.
        env: An id, a `gym.make` environment, a `MetaVectorEnv` or an `SB3VecEnv` over one.
        learning_rate: Of Adam where `outer="ppo"`, of the interpolation where `outer="reptile"`; a
            number or `("linear", start, end)`.
        n_envs: Rows, where `env` is an id: tasks of an iteration times `rows_per_task`.
        rows_per_task: Episodes of one task and gradient step.
        estimator: Of the inner gradient's own derivative: `"logp"`, `"lvc"` or `"dice"`.
        outer: `"trpo"`, `"ppo"` or `"reptile"`.
        first_order: Take the inner gradients as constants (FOMAML).
        inner_steps: Gradient steps of training; 0 trains one policy for all tasks.
        inner_lr: Rate of the inner steps; where it is learnt, its initial value.
        inner_lr_shape: `"scalar"`, `"tensor"` (one each) or `"parameter"`.
        inner_lr_per_step: Whether each inner step has rates of its own.
        learn_inner_lr: Train the rates with the parameters.
        later_inner_lr: Factor on the rate with each gradient step beyond those of training (the
            paper's tests halve it once): steps on normalised advantages do not settle alone.
        exploration_coef: Weight of E-MAML's term; 0 for none.
        inner_kl_coef: Weight of ProMP's penalty on the pre-update policy's change; 0 for none.
        n_epochs: Steps of Adam an iteration.
        clip_range: PPO's clip.
        max_grad_norm: Clip of Adam's gradient; None for none.
        target_kl: Radius of TRPO's region; a number or `("linear", start, end)`.
        cg_max_steps: Of TRPO's conjugate gradients.
        cg_damping: Of TRPO's Hessian.
        line_search_shrinking_factor: Of TRPO's line search.
        line_search_max_iter: Of TRPO's line search.
        sub_sampling_factor: TRPO measures its Hessian on one of so many tasks.
        gamma: Discount.
        gae_lambda: Of the advantages over a linear baseline, fitted anew to each task and step.
        normalize_advantage: Standardise advantages within each task.
        balance: A quantity of the task, of which each iteration has every value equally often (for
            splits that are lists); None draws tasks independently.
        env_kwargs: Keyword arguments of an id.
        preset: `"auto"` applies the one for this id and its arguments; None none; or a name.
        policy_kwargs: Of the policy; the paper has `net_arch=(100, 100)` of ReLU.
        stats_window_size: As in Stable-Baselines3.
        tensorboard_log: Folder, or None.
        verbose: 0 or 1.
        seed: Of everything; None draws one.
        device: `"cpu"`, `"cuda"` or `"auto"`; networks of this size are quicker on a CPU.
        _init_setup_model: As in Stable-Baselines3.

    Raises:
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpPolicy": MlpPolicy}

    @configured(PRESETS)
    def __init__(
        self,
        policy: str | type[nn.Module],
        env: Any,
        learning_rate: Schedule = 1e-3,
        n_envs: int = 800,
        rows_per_task: int = 20,
        estimator: str = "logp",
        outer: str = "trpo",
        first_order: bool = False,
        inner_steps: int = 1,
        inner_lr: float = 0.1,
        inner_lr_shape: str = "scalar",
        inner_lr_per_step: bool = False,
        learn_inner_lr: bool = False,
        later_inner_lr: float = 0.5,
        exploration_coef: float = 0.0,
        inner_kl_coef: float = 0.0,
        n_epochs: int = 5,
        clip_range: Schedule = 0.3,
        max_grad_norm: float | None = None,
        target_kl: Schedule = 0.01,
        cg_max_steps: int = 10,
        cg_damping: float = 1e-5,
        line_search_shrinking_factor: float = 0.8,
        line_search_max_iter: int = 15,
        sub_sampling_factor: int = 5,
        gamma: float = 0.99,
        gae_lambda: float = 1.0,
        normalize_advantage: bool = True,
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
        paper = {"net_arch": (100, 100), "activation": nn.ReLU}
        super().__init__(
            policy,
            env,
            learning_rate,
            n_envs=n_envs,
            env_kwargs=env_kwargs,
            policy_kwargs=paper if policy_kwargs is None else policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            seed=seed,
            device=device,
        )
        self._check()
        if _init_setup_model:
            self._setup_model()

    def _check(self) -> None:
        """Check the arguments, and keep them as attributes."""
        given = self.settings
        for name in ("learning_rate", "clip_range", "target_kl"):
            check_schedule(name, given[name])
        choices = {"estimator": ESTIMATORS, "outer": outer_steps.OUTERS, "inner_lr_shape": SHAPES}
        for name, allowed in choices.items():
            if given[name] not in allowed:
                raise ValueError(f"{name}={given[name]!r} is unknown; allowed are {list(allowed)}")
        least = {"inner_steps": 0, "n_epochs": 1, "rows_per_task": 1, "sub_sampling_factor": 1}
        for name, smallest in least.items():
            if given[name] < smallest:
                raise ValueError(f"{name}={given[name]} must be at least {smallest}")
        for name in ("gamma", "gae_lambda"):
            if not 0.0 <= given[name] <= 1.0:
                raise ValueError(f"{name}={given[name]} is outside [0, 1]")
        if self.n_envs % given["rows_per_task"]:
            raise ValueError(
                f"rows_per_task={given['rows_per_task']} does not divide n_envs={self.n_envs}; "
                f"use e.g. n_envs={max(self.n_envs // given['rows_per_task'], 1)} * rows_per_task"
            )
        if given["outer"] == "reptile" and (given["inner_steps"] < 1 or given["learn_inner_lr"]):
            raise ValueError("outer='reptile' needs inner_steps of at least 1, and learns no rates")
        if given["balance"] is not None:
            check_balance(self.venv, given["balance"])
        for name, value in given.items():
            if not hasattr(self, name):
                setattr(self, name, value)

    def _setup_model(self) -> None:
        keep_freed_memory()
        with torch.random.fork_rng(devices=[]):  # leave the global generator as it was
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space, self.action_space, **self.policy_kwargs
            ).to(self.device)
        kept = ("standardise.",)  # change between iterations only
        if running := [
            name for name, _ in self.policy.named_buffers() if not name.startswith(kept)
        ]:
            raise ValueError(
                f"the policy keeps running statistics ({running}), which all tasks would share and "
                "no gradient step adapts; use one without, e.g. LayerNorm instead of BatchNorm"
            )
        given = self.settings
        rates = InnerRates(
            self.policy.parameters_by_name(),
            given["inner_lr"],
            given["inner_lr_shape"],
            given["inner_steps"] if given["inner_lr_per_step"] else 1,
            given["learn_inner_lr"],
        )
        self.learner = Learner(
            self.policy,
            rates.to(self.device),
            given["estimator"],
            given["gamma"],
            given["gae_lambda"],
            given["normalize_advantage"],
            given["first_order"],
        )
        self.outer_loss = outer_steps.OuterLoss(
            self.learner, given["exploration_coef"], given["inner_kl_coef"]
        )
        self.optimizer = torch.optim.Adam(self.outer_loss.parameters(), lr=1e-3)

    def _networks(self) -> dict[str, nn.Module]:
        return {"policy": self.policy, "inner_rates": self.learner.rates}

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None, keep: bool = False
    ) -> GradientInnerLoop:
        """Return the learnt learner with empty experience: the initial parameters, for each task.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: Episodes of one gradient step.
            seed: As in `MetaAlgorithm`.
            keep: Keep the rounds that are played, for collectors.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        return GradientInnerLoop(
            self.learner,
            venv,
            rows_per_task,
            seed,
            trained_steps=self.settings["inner_steps"],
            later_rate=self.settings["later_inner_lr"],
            warn=self.settings["learn_inner_lr"],
            keep=keep,
        )

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: Callable[[int], bool]) -> Round | None:
        rows = self.settings["rows_per_task"]
        loop = self.inner_loop(self.venv, rows, fold(self.seed, "act", self.iteration), keep=True)
        # Reptile learns from the steps themselves; all others need a round after the last of them.
        count = self.settings["inner_steps"] + (self.settings["outer"] != "reptile")
        collector = RoundCollector(self.venv, loop, rows, on_step, self.settings["balance"])
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
        given = self.settings
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(given["learning_rate"], progress)
        self._n_updates += 1
        if given["outer"] == "reptile":
            experience.loop.learn_now()
            parameters = dict(self.policy.named_parameters())
            return outer_steps.interpolate(parameters, experience.loop.parameters, rate)
        rounds = [part.to(self.device) for part in experience.loop.rounds()]
        if given["outer"] == "trpo":
            names = (
                *("cg_max_steps", "cg_damping", "line_search_shrinking_factor"),
                *("line_search_max_iter", "sub_sampling_factor"),
            )
            return outer_steps.climb(
                self.outer_loss,
                rounds,
                target_kl=value_at(given["target_kl"], progress),
                **{name: given[name] for name in names},
            )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        clip = value_at(given["clip_range"], progress)
        figures = outer_steps.descend(
            self.outer_loss,
            rounds,
            self.optimizer,
            clip,
            given["n_epochs"],
            given["max_grad_norm"],
        )
        return {**figures, "learning_rate": rate}

    def _record(
        self, experience: Round, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        record_rounds(self, experience, figures, seconds, dump)

    # ---- acting through SB3's predict -----------------------------------------------------------

    @torch.no_grad()
    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Act with the initial parameters, unadapted; `inner_loop` adapts.

        Args:
            observation: Of one row, or a batch [R, ...].
            state: Returned as it is.
            episode_start: Not used.
            deterministic: Take the most probable action.
        """
        single = np.shape(observation) == self.observation_space.shape
        shown = np.asarray(observation)[None] if single else np.asarray(observation)
        params = self.policy(self.policy.inputs(shown).to(self.device)).cpu()
        head = self.policy.head
        if deterministic:
            actions = head.mode(params)
        else:
            draw = self._predict_random
            size = (len(params), head.noise_size)
            normal = head.noise_kind == "normal"
            noise = draw.standard_normal(size) if normal else draw.random(size)
            actions = head.sample(params, torch.from_numpy(noise.astype(np.float32)))
        return (actions.numpy()[0] if single else actions.numpy()), state

    @property
    def _predict_random(self) -> np.random.Generator:
        if not hasattr(self, "_predict_generator"):
            self._predict_generator = np.random.default_rng(fold(self.seed, "predict"))
        return self._predict_generator
