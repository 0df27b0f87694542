"""Acting by a hierarchy: masters choose sub-policies for slices of steps, and learn from these.

N rows: M masters of R rows each, master-major; K sub-policies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core import batches
from meta_envs.core.rng import RowRandom

from ..core.lifetimes.loop import LifetimeLoop
from ..core.lifetimes.ppo import PPORule
from ..core.lifetimes.rule import Acted
from ..core.play.inner_loop import InnerLoop, Rows
from ..core.play.step import Step
from .networks import HierarchyNetwork

_ACTING = 101  # the stream of a row's seed for drawing actions; masters draw from 100


@dataclass(frozen=True)
class Hierarchy:
    """What every task shares: the sub-policies, and how masters choose and learn."""

    network: HierarchyNetwork  # of the sub-policies
    sub_policies: torch.Tensor  # [K, P]
    master: PPORule  # its `n_steps` counts slices
    macro_length: int  # steps of a slice

    @property
    def count(self) -> int:
        """K."""
        return len(self.sub_policies)

    def apply(self, inputs: torch.Tensor, choices: torch.Tensor, of: str) -> torch.Tensor:
        """Return an output [B, ...] of the chosen sub-policies.

        Args:
            inputs: As `network.encode` gives them, [B, ...].
            choices: A sub-policy for each, int64 [B].
            of: The output.
        """
        every = inputs.expand(self.count, *inputs.shape)
        outputs = self.network.forward(self.sub_policies, every, of=of)[of]
        return outputs[choices, torch.arange(len(choices))]


class MasterLoop(LifetimeLoop):
    """Masters as learners of one lifetime, for whom a slice of steps is one step.

    Each row's slice is written down when it is over: masters may learn while rows of others are in
    the middle of one.
    """

    _begun: dict[str, torch.Tensor] | None = None  # beginnings of slices, [N, ...]

    def _keep_acted(self, where: np.ndarray, everywhere: bool, acted: Acted) -> None:
        assert self._seen is not None
        parts = {"actions": acted.actions, "record.policy": acted.record["policy"]}
        flat = {name: part.reshape(self.num_rows, *part.shape[2:]) for name, part in parts.items()}
        flat["inputs"] = self._seen
        if self._begun is None or everywhere:
            self._begun = flat
            return
        rows = torch.from_numpy(where)
        self._begun = {
            name: part.index_copy(0, rows, flat[name][rows]) for name, part in self._begun.items()
        }

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Remember a slice of each of `rows`."""
        assert self._begun is not None
        self.kept.write(self._begun, self.rows(rows), rows is None)
        super().observe(step, rows)


class HierarchyLoop(InnerLoop):
    """Plays sub-policies that a master chooses, a new one for each task, which learns by PPO.

    A slice is `macro_length` steps; the last one of an episode is shorter if that does not divide
    its length. A master learns once one of its rows has played `hierarchy.master.n_steps` slices;
    slices in progress then end.

    Args:
        hierarchy: Sub-policies, which do not change, and the rule of masters.
        venv: As in `InnerLoop`.
        rows_per_task: R.
        seed: As in `InnerLoop`.
        force: Always play this sub-policy; None lets the master choose.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        force: int | None = None,
    ):
        super().__init__(venv, rows_per_task, seed)
        self.hierarchy, self.force = hierarchy, force
        self.masters = MasterLoop(hierarchy.master, venv, rows_per_task, self.seed)
        self.masters.learns_by_itself = False  # slices must be over first
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTING)
        self.choices = np.zeros(self.num_rows, dtype=np.int64)  # of sub-policies
        self.left = np.zeros(self.num_rows, dtype=np.int64)  # steps of each row's slice
        self._earned = np.zeros(self.num_rows)  # in the slice
        self._learns = force is None

    def reset(self, rows: Rows = None) -> None:
        """Replace the masters of `rows` with new ones."""
        self.left[self.rows(rows)] = 0
        self.masters.reset(rows)

    def freeze(self) -> None:
        """Let no master learn, until `reset`."""
        self.masters.freeze()

    @property
    def figures(self) -> dict[str, np.ndarray]:  # type: ignore[override]
        """The newest figures of the masters' updates, [M]."""
        return self.masters.figures

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions of the rows' sub-policies, after choosing these where a slice begins."""
        where = self.rows(rows)
        self._choose(observation, where, deterministic)
        network = self.hierarchy.network
        inputs = network.encode(observation)
        choices = torch.from_numpy(self.choices[where])
        policy = self.hierarchy.apply(inputs, choices, "policy")
        head = network.head
        if deterministic:
            actions = head.mode(policy)
        else:
            draw = self.random.uniform if head.noise_kind == "uniform" else self.random.normal
            noise = draw(where, head.noise_size).astype(np.float32)
            actions = head.sample(policy, torch.from_numpy(noise))
        self._acted(where, inputs, choices, policy, actions)
        return actions.numpy()

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Count the step for the rows' slices, and let masters learn that have enough of them."""
        where = self.rows(rows)
        self._earned[where] += step.reward
        self.left[where] -= 1
        if not self._learns:
            self.left[where[step.ended]] = 0
            return
        self._end_slices(step, where, (self.left[where] == 0) | step.ended)
        due = self.masters.due()
        if due.any():
            self.end_slices(step, where, due)
            self.masters.learn_now()

    def end_slices(self, step: Step, where: np.ndarray, masters: np.ndarray) -> None:
        """End the slices in progress of some masters' rows; what follows counts by its value.

        Args:
            step: The last step.
            where: The rows that played it, integer indices [R'].
            masters: Whose rows, bool [M].
        """
        these = masters[np.arange(self.num_rows) // self.rows_per_task]
        self._end_slices(step, where, these[where] & (self.left[where] > 0))
        self.left[these] = 0

    # ---- inside ---------------------------------------------------------------------------------

    def _choose(self, observation: Any, where: np.ndarray, deterministic: bool) -> None:
        new = self.left[where] <= 0
        if not new.any():
            return
        begin = where[new]
        if self.force is not None:
            self.choices[begin] = self.force
        elif len(begin) == self.num_rows:
            self.choices[:] = self.masters.act(observation, None, deterministic)
        else:
            seen = batches.take(observation, np.flatnonzero(new))
            self.choices[begin] = self.masters.act(seen, begin, deterministic)
        self.left[begin] = self.hierarchy.macro_length
        self._earned[begin] = 0.0

    def _end_slices(self, step: Step, where: np.ndarray, over: np.ndarray) -> None:
        if not over.any():
            return
        rows = where[over]
        self.masters.observe(
            Step(
                observation=None,
                action=self.choices[rows],
                reward=self._earned[rows],
                terminated=step.terminated[over],
                truncated=step.truncated[over],
                next_observation=batches.take(step.next_observation, np.flatnonzero(over)),
            ),
            rows,
        )
        self.left[rows] = 0

    def _acted(
        self,
        where: np.ndarray,
        inputs: torch.Tensor,
        choices: torch.Tensor,
        policy: torch.Tensor,
        actions: torch.Tensor,
    ) -> None:
        """Take note of how rows acted; for loops that keep it."""


@dataclass(frozen=True)
class SubPolicy:
    """One sub-policy of an agent, for `evaluate`, for films, or as a skill of another controller.

    Args:
        agent: The `MLSH` agent.
        number: Which of its sub-policies, from 0.
    """

    agent: Any
    number: int

    def __post_init__(self) -> None:
        """Check the number."""
        count = self.agent.n_sub_policies
        if not 0 <= self.number < count:
            raise ValueError(f"sub-policy {self.number}: the agent has {count}, from 0")

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> HierarchyLoop:
        """Return a loop that plays this sub-policy; as in `MLSH`."""
        return self.agent.inner_loop(venv, rows_per_task, seed, force=self.number)
