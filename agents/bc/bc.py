"""Behaviour cloning: do what the demonstrations did. B steps of a minibatch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.demonstrated_algorithm import DemonstratedAlgorithm
from ..core.base.recorded_algorithm import MinibatchAlgorithm, Minibatches
from ..core.base.venv import check_spaces
from ..core.losses.finite import check_tensors
from ..core.nets.mlp import PerTaskPolicy
from ..core.play.demonstrations import DemonstrationSet
from ..core.play.inner_loop import InnerLoop
from .loop import PolicyLoop, drawn


class BC(DemonstratedAlgorithm, MinibatchAlgorithm):
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

    policy_aliases = {"MlpPolicy": PerTaskPolicy, "PerTaskPolicy": PerTaskPolicy}
    learning_rate = 1e-3
    n_envs = 20
    batch_size: int = argument("Steps of a minibatch.", at_least(1), default=64)

    def _setup_model(self) -> None:
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space, self.action_space, **self.policy_kwargs
            ).to(self.device)
        self._make_optimizer()
        self._open_demonstrations()

    def _prepare(self, recorded: DemonstrationSet) -> None:
        seen, done = recorded.pairs()
        self._inputs = self.policy.inputs(seen).to(self.device)
        self._actions = torch.from_numpy(np.ascontiguousarray(done)).to(self.device)
        check_tensors("demonstrated", [("inputs", self._inputs)], "correct the demonstrations")

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> InnerLoop:
        """Return the policy, which learns nothing more; as in `MetaAlgorithm`."""
        check_spaces(venv, self.observation_space, self.action_space)
        return PolicyLoop(self.policy, venv, rows_per_task, seed)

    # ---- learning -------------------------------------------------------------------------------

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration."""
        return self.n_batches * self.batch_size

    def _draw(self, random: np.random.Generator) -> Minibatches:
        index = random.integers(len(self._actions), size=(self.n_batches, self.batch_size))
        return Minibatches(torch.from_numpy(index), index.size)

    def _loss(self, index: torch.Tensor) -> torch.Tensor:
        return cloning_loss(self.policy, self._inputs[index], self._actions[index])

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
