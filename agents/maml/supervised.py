"""MAML for supervised regression: the same `adapt`, with squared errors for a loss.

M tasks, N pairs of a task, I and O numbers of an input and an output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from meta_envs.core.rng import fold

from ..core.iterations import IterativeAlgorithm
from ..core.mlp import MlpRegressor
from ..core.schedules import Schedule, check_schedule, value_at
from ..core.settings import configured
from ..core.training_log import record_update
from ..core.venv import check_spaces
from .adaptation import SHAPES, InnerRates, Parameters, adapt, spread
from .outer import interpolate
from .pairs_loop import PairsLoop
from .presets import SUPERVISED


@dataclass(frozen=True)
class Pairs:
    """Batches of tasks, and of each some pairs to learn from and others to be judged by."""

    shown_x: torch.Tensor  # [batches, M, N, I]
    shown_y: torch.Tensor  # [batches, M, N, O]
    asked_x: torch.Tensor
    asked_y: torch.Tensor


def squared_error(
    network: MlpRegressor, x: torch.Tensor, y: torch.Tensor, parameters: Parameters, step: int = 0
) -> torch.Tensor:
    """Return the sum over tasks of each task's mean squared error.

    Args:
        network: What `parameters` belong to.
        x: [M, N, I].
        y: [M, N, O].
        parameters: One set a task, [M, ...].
        step: Not used.

    Source:
        Finn et al. 2017, equation 2 (there a sum over pairs, in their code a mean).
    """
    return (network.apply_parameters(parameters, x) - y).square().mean(dim=(1, 2)).sum()


class SupervisedMAML(IterativeAlgorithm):
    """MAML for regression (Finn et al. 2017, section 5.1): few pairs, a step, then predictions.

    Trains on batches of pairs (`draw_batch` of the family) and plays nothing. `inner_loop` learns
    from what the environment's observations show, by the same steps. With `first_order` it is
    FOMAML; with `learn_inner_lr` and `inner_lr_shape="parameter"` Meta-SGD; with `outer="reptile"`
    Reptile.

    Differences from the paper: weights begin as PyTorch's layers do.

    Args:
        policy: `"MlpRegressor"`.
        env: An id whose family has `draw_batch` and shows [x, y, whether y is shown], such as
            meta/Sinusoid-v0.
        learning_rate: Of Adam, or of the interpolation; a number or `("linear", start, end)`.
        n_tasks: Tasks of an outer step.
        shots: Pairs of a task that the inner steps see.
        queries: Pairs of a task that the outer step sees.
        n_batches: Outer steps of an iteration (of the log, and of a checkpoint).
        outer: `"adam"` or `"reptile"`.
        first_order: Take the inner gradients as constants.
        inner_steps: Gradient steps.
        inner_lr: Their rate; where it is learnt, its initial value.
        inner_lr_shape: `"scalar"`, `"tensor"` (one each) or `"parameter"`.
        inner_lr_per_step: Whether each inner step has rates of its own.
        learn_inner_lr: Train the rates with the parameters.
        test_steps: Gradient steps of `inner_loop`; None is as many as in training.
        n_envs: Rows of the environment that is made; training does not play in it.
        env_kwargs: Keyword arguments of an id.
        preset: `"auto"` applies the one for this id and its arguments; None none; or a name.
        policy_kwargs: Of the network.
        stats_window_size: As in Stable-Baselines3.
        tensorboard_log: Folder, or None.
        verbose: 0 or 1.
        seed: Of everything; None draws one.
        device: `"cpu"`, `"cuda"` or `"auto"`.
        _init_setup_model: As in Stable-Baselines3.

    Raises:
        TypeError: If the family has no `draw_batch`.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpRegressor": MlpRegressor}

    @configured(SUPERVISED)
    def __init__(
        self,
        policy: str | type[nn.Module],
        env: Any,
        learning_rate: Schedule = 1e-3,
        n_tasks: int = 25,
        shots: int = 10,
        queries: int = 10,
        n_batches: int = 100,
        outer: str = "adam",
        first_order: bool = False,
        inner_steps: int = 1,
        inner_lr: float = 0.01,
        inner_lr_shape: str = "scalar",
        inner_lr_per_step: bool = False,
        learn_inner_lr: bool = False,
        test_steps: int | None = None,
        n_envs: int = 1,
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
        super().__init__(
            policy,
            env,
            learning_rate,
            n_envs=n_envs,
            env_kwargs=env_kwargs,
            policy_kwargs=policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            seed=seed,
            device=device,
        )
        check_schedule("learning_rate", learning_rate)
        if not hasattr(self.venv.unwrapped, "draw_batch"):
            raise TypeError(
                f"{env} has no draw_batch, which gives pairs to learn from; use e.g. "
                "meta/Sinusoid-v0, or MAML for what must be played"
            )
        choices = {"outer": ("adam", "reptile"), "inner_lr_shape": SHAPES}
        for name, allowed in choices.items():
            if self.settings[name] not in allowed:
                given = self.settings[name]
                raise ValueError(f"{name}={given!r} is unknown; allowed are {list(allowed)}")
        counts = ("n_tasks", "shots", "queries", "n_batches", "inner_steps")
        for name in counts:
            if self.settings[name] < (name != "inner_steps"):
                raise ValueError(f"{name}={self.settings[name]} is too few")
        self.inner_steps, self.first_order, self.outer = inner_steps, first_order, outer
        self.test_steps = inner_steps if test_steps is None else test_steps
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        given = self.settings
        with torch.random.fork_rng(devices=[]):  # leave the global generator as it was
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            outputs = int(np.prod(self.action_space.shape or (1,)))
            inputs = int(np.prod(self.observation_space.shape or (1,))) - outputs - 1
            self.policy = self.policy_class(inputs, outputs, **self.policy_kwargs).to(self.device)
        self.rates = InnerRates(
            dict(self.policy.named_parameters()),
            given["inner_lr"],
            given["inner_lr_shape"],
            given["inner_steps"] if given["inner_lr_per_step"] else 1,
            given["learn_inner_lr"],
        ).to(self.device)
        learnt = self.rates.parameters() if given["learn_inner_lr"] else ()
        self._trained = [*self.policy.parameters(), *learnt]
        self.optimizer = torch.optim.Adam(self._trained, lr=1e-3)

    def _networks(self) -> dict[str, nn.Module]:
        return {"policy": self.policy, "inner_rates": self.rates}

    def adapt(self, x: torch.Tensor, y: torch.Tensor, steps: int | None = None) -> Parameters:
        """Return each task's parameters after gradient steps on its pairs; differentiable.

        Args:
            x: [M, N, I].
            y: [M, N, O].
            steps: None is as many as in training.
        """
        return adapt(
            spread(dict(self.policy.named_parameters()), len(x)),
            partial(squared_error, self.policy, x, y),
            self.rates,
            self.inner_steps if steps is None else steps,
            first_order=self.first_order,
        )

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Answer with the initial parameters, unadapted; `inner_loop` adapts."""
        loop = self.inner_loop(self.venv)
        shown = np.asarray(observation, dtype=np.float32)
        answers = loop.answers(np.atleast_2d(shown), None)
        return (answers[0] if shown.ndim == 1 else answers), state

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> PairsLoop:
        """Return the learnt learner without any pairs."""
        check_spaces(venv, self.observation_space, self.action_space)
        return PairsLoop(self, venv, rows_per_task, seed)

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: Callable[[int], bool]) -> Pairs | None:
        given, family = self.settings, self.venv.unwrapped
        batches, tasks, shots = given["n_batches"], given["n_tasks"], given["shots"]
        drawn = family.sample_tasks(batches * tasks, seed=fold(self.seed, "tasks", self.iteration))
        random = np.random.default_rng(fold(self.seed, "pairs", self.iteration))
        pairs = family.draw_batch(random, drawn, shots + given["queries"])
        x, y = (
            torch.from_numpy(part).float().reshape(batches, tasks, *part.shape[1:]).to(self.device)
            for part in pairs
        )
        if not on_step(batches * tasks * (shots + given["queries"])):
            return None
        return Pairs(x[:, :, :shots], y[:, :, :shots], x[:, :, shots:], y[:, :, shots:])

    def train(self, experience: Pairs) -> dict[str, float]:
        """Take `n_batches` outer steps."""
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.settings["learning_rate"], progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        before = after = 0.0
        for index, x in enumerate(experience.shown_x):
            adapted = self.adapt(x, experience.shown_y[index])
            asked = experience.asked_x[index], experience.asked_y[index]
            loss = squared_error(self.policy, *asked, adapted) / len(x)
            if self.outer == "reptile":
                interpolate(dict(self.policy.named_parameters()), adapted, rate)
            else:
                for part, gradient in zip(
                    self._trained, torch.autograd.grad(loss, self._trained), strict=True
                ):
                    part.grad = gradient
                self.optimizer.step()
            after += float(loss.detach()) / len(experience.shown_x)
        with torch.no_grad():
            error = self.policy(experience.asked_x[-1]) - experience.asked_y[-1]
            before = float(error.square().mean())
        self._n_updates += len(experience.shown_x)
        return {"loss": after, "loss_before_adaptation": before, "learning_rate": rate}

    def _record(
        self, experience: Pairs, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        self.latest = {"loss": figures["loss"], "trial_rew_mean": -figures["loss"]}
        record_update(self, figures, seconds, dump)
