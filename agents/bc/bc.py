"""Behaviour cloning: do what the demonstrations did. B steps of a minibatch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..baselines import Expert
from ..core.base.arguments import argument, at_least
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import value_at
from ..core.base.venv import check_spaces
from ..core.losses.finite import check_tensors
from ..core.nets.heads import GaussianHead
from ..core.nets.kernels.fast_mlp import keep_freed_memory
from ..core.nets.mlp import PerTaskPolicy
from ..core.play.demonstrations import DemonstrationSet
from ..core.play.inner_loop import InnerLoop
from ..core.play.player import OnStep, StoppedError
from ..core.play.record import record
from .loop import PolicyLoop, drawn

_LEAST_LOG_STD = float(np.log(0.05))  # an expert that never errs would drive it to nothing


@dataclass
class Minibatches:
    """Which steps an iteration learns from, [n_batches, B]."""

    index: torch.Tensor

    def figures(self) -> dict[str, float]:
        """Return nothing: no episode is played."""
        return {}


class BC(IterativeAlgorithm):
    """Behaviour cloning (Pomerleau 1989): the most probable policy given what was done.

    It knows nothing of tasks, and its inner loop learns nothing: it is what imitation within a
    trial is compared to. `demonstrations` are a `DemonstrationSet` or its file; without any, the
    family's own expert is recorded, in tasks of the training split. Timesteps count demonstrated
    steps that were learnt from, since nothing is played.

    Differences from the paper: it steers a van by a network's 30 outputs; here a step's loss is the
    negative log probability of its action. The deviation of continuous actions is learnt, and kept
    at 0.05 or more.

    Raises:
        TypeError: If `demonstrations` is something else.
        ValueError: If an argument is out of range; if there are no demonstrations, and the family
            has no `expert`; if they have no actions, or other spaces.
    """

    plays: ClassVar[bool] = False  # it learns from what was recorded
    policy_aliases = {"MlpPolicy": PerTaskPolicy, "PerTaskPolicy": PerTaskPolicy}
    learning_rate = 1e-3
    n_envs = 20
    demonstrations: Any = argument(
        "A `DemonstrationSet` or the path of its file; None records the family's expert. "
        "Checkpoints remember which it was, not its steps: give it to `load` again to go on.",
        default=None,
        remembered=False,
        type=str | os.PathLike | DemonstrationSet | None,
    )
    n_episodes: int = argument(
        "Episodes of the expert that are recorded in each row, where no demonstrations are given; "
        "each row has a task of its own.",
        at_least(1),
        default=5,
    )
    batch_size: int = argument("Steps of a minibatch.", at_least(1), default=64)
    n_batches: int = argument(
        "Minibatches of an iteration (of the log, and of a checkpoint).", at_least(1), default=100
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        given = values["demonstrations"]
        if given is not None and not isinstance(given, str | os.PathLike | DemonstrationSet):
            raise TypeError(
                f"demonstrations={given!r} must be a DemonstrationSet, the path of its file, or "
                "None, which records the family's expert"
            )

    def _setup_model(self) -> None:
        keep_freed_memory()
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space, self.action_space, **self.policy_kwargs
            ).to(self.device)
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=1e-3)
        self._trained_on: str | None = None  # the demonstrations' hash, once learnt from
        given = self.demonstrations
        if given is None and not callable(getattr(self.venv.unwrapped, "expert", None)):
            raise ValueError(
                f"{self.env_id or self.venv} has no expert to record; give demonstrations=, a "
                "DemonstrationSet or its file (agents.record makes one of any agent's play)"
            )
        if given is not None and not isinstance(given, DemonstrationSet):
            self.demonstrations = DemonstrationSet.load(given)
        if given is not None:
            self._take(self.demonstrations)

    def _take(self, demonstrations: DemonstrationSet) -> None:
        """Prepare the steps to learn from."""
        spaces = demonstrations.observation_space, demonstrations.action_space
        if spaces != (self.observation_space, self.action_space):
            raise ValueError(
                f"the demonstrations are of {spaces[0]} and {spaces[1]}; the environment has "
                f"{self.observation_space} and {self.action_space}"
            )
        seen, done = demonstrations.pairs()
        self.demonstrations = demonstrations
        self._inputs = self.policy.inputs(seen).to(self.device)
        self._actions = torch.from_numpy(np.ascontiguousarray(done)).to(self.device)
        check_tensors("demonstrated", [("inputs", self._inputs)], "correct the demonstrations")

    def record_expert(self) -> DemonstrationSet:
        """Return what the family's expert does in `n_episodes` episodes of every row."""
        seed = fold(self.seed, "demonstrations")
        return record(Expert(), self.venv, self.n_episodes, seed)

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> InnerLoop:
        """Return the policy, which learns nothing more; as in `MetaAlgorithm`."""
        check_spaces(venv, self.observation_space, self.action_space)
        return PolicyLoop(self.policy, venv, rows_per_task, seed)

    # ---- learning -------------------------------------------------------------------------------

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration."""
        return self.n_batches * self.batch_size

    def _collect(self, on_step: OnStep) -> Minibatches:
        if self.demonstrations is None:
            self._take(self.record_expert())
        known = self.demonstrations.hash
        if self._trained_on not in (None, known):
            raise ValueError(
                f"this agent has learnt from other demonstrations ({self._trained_on}; these are "
                f"{known}); give them again: BC.load(path, demonstrations=...)"
            )
        self._trained_on = known
        random = np.random.default_rng(fold(self.seed, "minibatches", self.iteration))
        index = random.integers(len(self._actions), size=(self.n_batches, self.batch_size))
        if not on_step(index.size):
            raise StoppedError
        return Minibatches(torch.from_numpy(index))

    def train(self, experience: Minibatches) -> dict[str, float]:
        """Take a step of the optimiser for each minibatch."""
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for index in experience.index:
            loss = cloning_loss(self.policy, self._inputs[index], self._actions[index])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if isinstance(self.policy.head, GaussianHead):
                self.policy.head.log_std.data.clamp_(min=_LEAST_LOG_STD)
            total += float(loss.detach())
        self._n_updates += len(experience.index)
        return {"loss": total / len(experience.index), "learning_rate": rate}

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        return {"loss": figures["loss"]}

    # ---- state ----------------------------------------------------------------------------------

    def _extra_state(self) -> dict[str, Any]:
        return {"demonstrations": self._trained_on}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        self._trained_on = state.get("demonstrations")

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        params = self.policy(self.policy.inputs(observations).to(self.device)).cpu()
        head = self.policy.head
        noise = None if deterministic else self._predict_noise(head, len(params))
        return drawn(head, self.action_space, params, noise), state


def cloning_loss(
    policy: PerTaskPolicy, inputs: torch.Tensor, actions: torch.Tensor
) -> torch.Tensor:
    """Return the mean negative log probability of what was done, a scalar.

    Args:
        policy: The policy.
        inputs: What was seen, [B, D].
        actions: What was done then, [B, ...].
    """
    return -policy.head.log_prob(policy(inputs), actions).mean()
