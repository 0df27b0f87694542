"""MAML for supervised learning: the same `adapt`, with an error of predictions as the loss.

M tasks, N pairs of a task, I and O numbers of an input and an output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import nn

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least, one_of
from ..core.base.inner_step_arguments import InnerStepArguments, OuterStepArguments
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import value_at
from ..core.base.venv import check_spaces
from ..core.learning.adaptation import InnerRates, Parameters, adapt, spread
from ..core.losses.finite import check_tensors
from ..core.nets.conv_regressor import ConvRegressor
from ..core.nets.mlp import MlpRegressor
from ..core.play.player import OnStep, StoppedError
from .outer import interpolate
from .pairs_loop import PairsLoop
from .presets import SUPERVISED

Regressor = MlpRegressor | ConvRegressor


@dataclass(frozen=True)
class Pairs:
    """Batches of tasks, each with some pairs to learn from and others to be tested on."""

    shown_x: torch.Tensor  # [batches, M, N, I]
    shown_y: torch.Tensor  # [batches, M, N, O]
    asked_x: torch.Tensor
    asked_y: torch.Tensor

    def figures(self) -> dict[str, float]:
        """Return nothing: pairs are drawn, not earned."""
        return {}


def squared_error(
    network: MlpRegressor | ConvRegressor,
    x: torch.Tensor,
    y: torch.Tensor,
    parameters: Parameters,
    step: int = 0,
) -> torch.Tensor:
    """Return the sum over tasks of each task's mean squared error.

    Args:
        network: The network that `parameters` belong to.
        x: [M, N, I].
        y: [M, N, O].
        parameters: One set per task, [M, ...].
        step: Not used.

    Source:
        Finn et al. 2017, equation 2 (there a sum over pairs, in their code a mean).
    """
    return (network.apply_parameters(parameters, x) - y).square().mean(dim=(1, 2)).sum()


def cross_entropy(
    network: MlpRegressor | ConvRegressor,
    x: torch.Tensor,
    y: torch.Tensor,
    parameters: Parameters,
    step: int = 0,
) -> torch.Tensor:
    """Return the sum over tasks of each task's mean surprise at the right label.

    Args:
        network: As in `squared_error`; its outputs are log odds.
        x: [M, N, I].
        y: Labels, one-hot, [M, N, O].
        parameters: As in `squared_error`.
        step: Not used.

    Source:
        Finn et al. 2017, equation 3.
    """
    log_probs = network.apply_parameters(parameters, x).log_softmax(dim=-1)
    return -(y * log_probs).sum(dim=-1).mean(dim=1).sum()


class SupervisedMAML(OuterStepArguments, InnerStepArguments, IterativeAlgorithm):
    """MAML for regression (Finn et al. 2017, section 5.1): few pairs, a step, then predictions.

    Trains on batches of pairs (the family's `draw_batch`) without playing. `inner_loop` learns
    from what the environment's observations show, by the same steps. Where actions are labels
    (`meta/FewShotImages-v0`), it classifies: `y` is one-hot, the loss their cross entropy, and
    `shots` counts the pictures of all classes together (ways x shots). With `first_order` it is
    FOMAML; with `learn_inner_lr` and `inner_lr_shape="parameter"` Meta-SGD; with `outer="reptile"`
    Reptile.

    Differences from the paper: weights are initialised as PyTorch's layers are.

    Raises:
        TypeError: If the family has no `draw_batch`.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"MlpRegressor": MlpRegressor, "ConvRegressor": ConvRegressor}

    presets = SUPERVISED

    n_envs = 1  # training does not play
    inner_lr = 0.01
    n_tasks = 25
    shots: int = argument("Pairs of a task that the inner steps see.", at_least(1), default=10)
    queries: int = argument("Pairs of a task that the outer step sees.", at_least(1), default=10)
    outer: str = argument(
        '`"adam"`, or `"reptile"`, which interpolates.', one_of("adam", "reptile"), default="adam"
    )
    test_steps: int | None = argument(
        "Gradient steps of `inner_loop`; None takes as many as in training.", default=None
    )

    def _setup_model(self) -> None:
        if not hasattr(self.venv.unwrapped, "draw_batch"):
            raise TypeError(
                f"{self.env_id or self.venv} has no draw_batch, which gives pairs to learn from; "
                "use e.g. meta/Sinusoid-v0, or MAML for what must be played"
            )
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            space = self.action_space
            if isinstance(space, spaces.Discrete):
                outputs, self.error = int(space.n), cross_entropy
            else:
                outputs, self.error = int(np.prod(space.shape or (1,))), squared_error
            inputs = int(np.prod(self.observation_space.shape or (1,))) - outputs - 1
            self.policy = self.policy_class(inputs, outputs, **self.policy_kwargs).to(self.device)
        self.rates = InnerRates(
            dict(self.policy.named_parameters()),
            self.inner_lr,
            self.inner_lr_shape,
            self.inner_steps if self.inner_lr_per_step else 1,
            self.learn_inner_lr,
        ).to(self.device)
        learnt = self.rates.parameters() if self.learn_inner_lr else ()
        self._trained = [*self.policy.parameters(), *learnt]
        self.optimizer = torch.optim.Adam(self._trained, lr=1e-3)

    def _networks(self) -> dict[str, nn.Module]:
        return {"policy": self.policy, "inner_rates": self.rates}

    def adapt(self, x: torch.Tensor, y: torch.Tensor, steps: int | None = None) -> Parameters:
        """Return each task's parameters after gradient steps on its pairs; differentiable.

        Args:
            x: [M, N, I].
            y: [M, N, O].
            steps: Number of steps; None takes that of training.
        """
        return adapt(
            spread(dict(self.policy.named_parameters()), len(x)),
            partial(self.error, self.policy, x, y),
            self.rates,
            self.inner_steps if steps is None else steps,
            first_order=self.first_order,
        )

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        return self.inner_loop(self.venv).answers(observations.astype(np.float32), None), state

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> PairsLoop:
        """Return the learnt learner without any pairs."""
        check_spaces(venv, self.observation_space, self.action_space)
        return PairsLoop(self, venv, rows_per_task, seed)

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> Pairs:
        family = self.venv.unwrapped
        batches, tasks, shots = self.n_batches, self.n_tasks, self.shots
        drawn = family.sample_tasks(batches * tasks, seed=fold(self.seed, "tasks", self.iteration))
        random = np.random.default_rng(fold(self.seed, "pairs", self.iteration))
        pairs = family.draw_batch(random, drawn, shots + self.queries)
        x, y = (
            torch.from_numpy(part).float().reshape(batches, tasks, *part.shape[1:]).to(self.device)
            for part in pairs
        )
        check_tensors(
            f"{self.env_id}: what draw_batch gave as", [("x", x), ("y", y)], "correct the family"
        )
        if not on_step(batches * tasks * (shots + self.queries)):
            raise StoppedError
        return Pairs(x[:, :, :shots], y[:, :, :shots], x[:, :, shots:], y[:, :, shots:])

    def train(self, experience: Pairs) -> dict[str, float]:
        """Take `n_batches` outer steps."""
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        before = after = 0.0
        for index, x in enumerate(experience.shown_x):
            adapted = self.adapt(x, experience.shown_y[index])
            asked = experience.asked_x[index], experience.asked_y[index]
            loss = self.error(self.policy, *asked, adapted) / len(x)
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
            shared = dict(self.policy.named_parameters())
            asked = experience.asked_x[-1], experience.asked_y[-1]
            before = float(self.error(self.policy, *asked, shared)) / len(asked[0])
        self._n_updates += len(experience.shown_x)
        return {"loss": after, "loss_before_adaptation": before, "learning_rate": rate}

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        return {"loss": figures["loss"], "trial_rew_mean": -figures["loss"]}
