"""Learning to imitate: what agents share that are shown demonstrations of a task, then act in it.

M tasks of a meta-batch; N steps of a task.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.demonstrated_algorithm import DemonstratedAlgorithm
from ..core.base.inner_step_arguments import OuterStepArguments
from ..core.base.schedules import value_at
from ..core.base.venv import check_spaces
from ..core.nets.kernels.fast_mlp import keep_freed_memory
from ..core.play.demonstrations import Demonstration, DemonstrationSet
from ..core.play.player import OnStep, StoppedError
from .answers import Answers
from .loop import ImitationLoop
from .scenes import Shown, TaskScenes, shown


@dataclass
class MetaBatches:
    """Which episodes each outer step learns from, [n_batches, M, shots + queries]."""

    index: np.ndarray

    def figures(self) -> dict[str, float]:
        """Return nothing: no episode is played."""
        return {}


class MetaImitation(OuterStepArguments, DemonstratedAlgorithm):
    """Learns, from demonstrations of many tasks, to act in a task after demonstrations of it.

    Subclasses write `_make_policy`, `outer_loss`, `learnt` and `answer`.
    """

    n_envs = 200
    n_episodes = 10
    learning_rate = 1e-3
    shots: int = argument("Demonstrations of a task that are shown.", at_least(1), default=1)
    queries: int = argument(
        "Other demonstrations of the same task, which are to be imitated.", at_least(1), default=1
    )

    @abstractmethod
    def _make_policy(self) -> torch.nn.Module:
        """Return the network."""

    @abstractmethod
    def outer_loss(self, given: Shown, asked: Shown) -> torch.Tensor:
        """Return the mean error in imitating `asked` after `given`, a differentiable scalar."""

    @abstractmethod
    def learnt(self, given: Shown | None, tasks: int) -> Any:
        """Return what is known of each task: a dict of tensors [M, ...].

        Args:
            given: Demonstrations; None if there are none yet.
            tasks: M.
        """

    @abstractmethod
    def answer(self, known: Any, inputs: torch.Tensor) -> torch.Tensor:
        """Return answers [M, R, A] to inputs [M, R, D], by what `learnt` returned."""

    # ---- making ---------------------------------------------------------------------------------

    def _setup_model(self) -> None:
        keep_freed_memory()
        self.answers = Answers(self.action_space)
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self._make_policy().to(self.device)
        self._trained_parameters = self._trained()
        self.optimizer = torch.optim.Adam(self._trained_parameters, lr=1e-3)
        self._open_demonstrations()

    def _trained(self) -> list[torch.nn.Parameter]:
        """Return what the optimiser trains."""
        return list(self.policy.parameters())

    def _prepare(self, demonstrations: DemonstrationSet) -> None:
        least = self.shots + self.queries
        self._scenes = TaskScenes(demonstrations, least, self.policy.inputs, self.answers)

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> ImitationLoop:
        """Return the learner before any demonstration; `condition` shows it some."""
        check_spaces(venv, self.observation_space, self.action_space)
        return ImitationLoop(self, venv, rows_per_task, seed)

    def shown(self, episodes: Sequence[Sequence[Demonstration]]) -> Shown:
        """Return equally many episodes of each task as tensors."""
        return shown(episodes, self.policy.inputs, self.answers).to(self.device)

    # ---- learning -------------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> MetaBatches:
        self._ready()
        random = np.random.default_rng(fold(self.seed, "batches", self.iteration))
        count = self.shots + self.queries
        drawn = [self._scenes.draw(random, self.n_tasks, count) for _ in range(self.n_batches)]
        index = np.stack(drawn)
        if not on_step(int(self._scenes.scenes.ends[torch.from_numpy(index)].sum())):
            raise StoppedError
        return MetaBatches(index)

    def train(self, experience: MetaBatches) -> dict[str, float]:
        """Take `n_batches` outer steps."""
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for index in experience.index:
            given, asked = (
                self._scenes.scenes.take(part).to(self.device)
                for part in (index[:, : self.shots], index[:, self.shots :])
            )
            loss = self.outer_loss(given, asked)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += float(loss.detach())
        self._n_updates += len(experience.index)
        return {"loss": total / len(experience.index), "learning_rate": rate}

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        inputs = self.policy.inputs(observations).to(self.device)
        return self.answers.actions(self.answer(self.learnt(None, 1), inputs[None])[0].cpu()), state
