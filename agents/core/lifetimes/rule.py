"""Rules of single-lifetime learners: how they act, and how they update themselves.

M learners, R rows of each, T steps of an unroll. A rule holds no state: its learners are arrays
with a leading axis M, so one learner, 64 parallel lifetimes and a population's training runs
share the same code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from ..nets.actor_critic import ActorCritic

Learners = dict[str, torch.Tensor]  # [M, ...]: "policy", "optimizer.*", ...; never written in place


class Acted(NamedTuple):
    """What `Rule.act` returns."""

    actions: torch.Tensor  # [M, R, ...]
    record: dict[str, torch.Tensor]  # what the update needs from acting, each [M, R, ...]
    memory: torch.Tensor | None  # carried to the next step, [M, R, ...]


@dataclass(frozen=True)
class Unroll:
    """T consecutive steps of every row, across the ends of episodes.

    A row may have fewer than T steps (`mask` is 0 afterwards); no return crosses a row's last step.
    """

    inputs: torch.Tensor  # what was seen, then the last step's true successor: [T + 1, M, R, ...]
    actions: torch.Tensor  # [T, M, R, ...]
    rewards: torch.Tensor  # raw, [T, M, R]
    alive: torch.Tensor  # 0 where the episode terminated, else 1, [T, M, R]
    continues: torch.Tensor  # 0 where the episode or the row's unroll ended, else 1, [T, M, R]
    mask: torch.Tensor  # 1 where a step was played, [T, M, R]
    record: dict[str, torch.Tensor]  # recorded when acting, each [T, M, R, ...]
    cut: torch.Tensor  # 1 where the episode was truncated without terminating, [T, M, R]
    cut_inputs: torch.Tensor | None  # true successors there, [T, M, R, ...]; None if none was
    memory: torch.Tensor | None = None  # before the first step, [M, R, S]; None if there is none

    def values(
        self, network: ActorCritic, params: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Apply a network to all inputs.

        Args:
            network: A network with an output `"value"`.
            params: [M, P].

        Returns:
            Its outputs [T, M, R, ...], and the values of each step's true successor, [T, M, R].
        """
        outputs, after = self.outputs(network, params, ("value",))
        return outputs, after["value"]

    def outputs(
        self, network: ActorCritic, params: torch.Tensor, of: Sequence[str]
    ) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """Apply a network to all inputs.

        Args:
            network: The network.
            params: [M, P].
            of: Outputs that are wanted of the true successors too.

        Returns:
            Its outputs [T, M, R, ...], and those named in `of` at each step's true successor.
        """
        resets = None if self.memory is None else self._resets()
        outputs = network.over_time(params, self.inputs, self.memory, resets)
        after = {name: outputs[name][1:] for name in of}
        if self.cut_inputs is not None:
            memory = None if self.memory is None else outputs["memory"][:-1]
            at_cuts = network.apart(params, self.cut_inputs, memory)
            for name, out in after.items():
                cut = self.cut.reshape(*self.cut.shape, *(1,) * (out.ndim - self.cut.ndim))
                after[name] = torch.where(cut > 0, at_cuts[name], out)
        return {name: out[:-1] for name, out in outputs.items()}, after

    def _resets(self) -> torch.Tensor:
        """Return where an episode starts after another of the same unroll, bool [T + 1, M, R]."""
        ended = (self.alive == 0) | (self.cut > 0)
        return torch.cat([torch.zeros_like(ended[:1]), ended])


def by_learner(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return each learner's mean over its steps, [M], of values [T, M, R] where the mask is 1."""
    count = _own(mask).sum(dim=1).clamp(min=1.0)
    return _own(values * mask).sum(dim=1) / count


def _own(values: torch.Tensor) -> torch.Tensor:
    """Return [T, M, R] as [M, T * R]: sums then do not depend on other learners."""
    return values.transpose(0, 1).reshape(values.shape[1], -1)


class Rule(ABC):
    """How learners act and update themselves.

    Attributes:
        network: The network of the policies.
        n_steps: Steps of a row between updates, T.
        adapts: The figures that are meta-parameters.
    """

    network: ActorCritic
    n_steps: int
    adapts: tuple[str, ...] = ()

    @abstractmethod
    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners; learner m depends only on `seeds[m]`."""

    def room(self, learners: Learners, num_rows: int) -> Learners:
        """Return empty memory of what new learners will play, to be kept among their arrays.

        Args:
            learners: New learners, [M, ...].
            num_rows: R, the rows of each learner.
        """
        return {}

    def act(
        self,
        learners: Learners,
        inputs: torch.Tensor,
        memory: torch.Tensor | None,
        noise: torch.Tensor | None,
    ) -> Acted:
        """Choose actions from the policy's distribution.

        Args:
            learners: [M, ...].
            inputs: Outputs of `network.encode`, [M, R, ...].
            memory: Memory after the last step, [M, R, S]; None if the network has none.
            noise: As `network.head` takes it, [M, R, ...]; None takes the most probable actions.
        """
        outputs = self.network.forward(self.acting(learners), inputs, memory, of="policy")
        policy, head = outputs["policy"], self.network.head
        actions = head.mode(policy) if noise is None else head.sample(policy, noise)
        return Acted(actions, {"policy": policy}, outputs.get("memory"))

    def acting(self, learners: Learners) -> torch.Tensor:
        """Return the parameters that act, [M, P]."""
        return learners["policy"]

    @abstractmethod
    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Return the learners after an update, and figures [M].

        Args:
            learners: [M, ...].
            unroll: What they did since the last update.
            differentiable: Keep the graph from the given learners to the returned ones.
        """
