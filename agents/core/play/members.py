"""Members of a population play whole episodes side by side. M members, E episodes (rows) of each.

N = M E rows, member-major; P parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import RowRandom, fold

from ..nets.actor_critic import ActorCritic
from .inner_loop import InnerLoop, Rows
from .player import OnStep, Player
from .rounds import rounds

_ACTING = 100  # the stream of a row's seed for drawing actions; environments use 0-2


class MembersLoop(InnerLoop):
    """Fixed policies, each in its own rows; what they see changes nothing.

    Args:
        network: How parameters act.
        params: [M, P].
        venv: As in `InnerLoop`; its rows are M times as many as a member has.
        rows_per_task: As in `InnerLoop`.
        seed: As in `InnerLoop`; or the seeds of all rows [N].
        sampled: Sample actions, unless `act` is told otherwise; else take the most probable.
    """

    def __init__(
        self,
        network: ActorCritic,
        params: torch.Tensor,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | Sequence[int] | None = None,
        sampled: bool = False,
    ):
        seeds = None if seed is None or isinstance(seed, int | np.integer) else list(seed)
        super().__init__(venv, rows_per_task, seed if seeds is None else seeds[0])  # type: ignore[arg-type]
        self.network, self.params, self.sampled = network, params, sampled
        seeds = [self.seed + row for row in range(self.num_rows)] if seeds is None else seeds
        self.random = RowRandom(seeds, _ACTING)
        self._seen: torch.Tensor | None = None  # newest inputs of every row, [N, ...]

    def reset(self, rows: Rows = None) -> None:
        """Do nothing: there is nothing to forget."""

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions in `rows`; every member is computed, so that no row depends on others."""
        inputs = self.network.encode(observation)
        where = self.rows(rows)
        if rows is None:
            self._seen = inputs
        else:
            blank = inputs.new_zeros(self.num_rows, *inputs.shape[1:])
            self._seen = blank if self._seen is None else self._seen.clone()
            self._seen[where] = inputs
        members = len(self.params)
        shown = self._seen.reshape(members, self.num_rows // members, *inputs.shape[1:])
        head, policy = self.network.head, self.network.forward(self.params, shown)["policy"]
        policy = policy.reshape(self.num_rows, *policy.shape[2:])[torch.from_numpy(where)]
        if not self.sampled or deterministic:
            return head.mode(policy).numpy()
        draw = self.random.uniform if head.noise_kind == "uniform" else self.random.normal
        noise = draw(rows, head.noise_size).astype(np.float32)
        return head.sample(policy, torch.from_numpy(noise)).numpy()


@dataclass(frozen=True)
class Played:
    """What members got, each [M, E]."""

    returns: np.ndarray
    lengths: np.ndarray  # steps
    success: np.ndarray | None = None  # at any step, bool; None if the environment is silent

    @property
    def steps(self) -> int:
        """Steps of all members."""
        return int(self.lengths.sum())

    @staticmethod
    def joined(parts: Sequence[Played]) -> Played:
        """Return the results of jobs as one, [sum of M, E]."""
        successes = [part.success for part in parts if part.success is not None]
        return Played(
            np.concatenate([part.returns for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate(successes) if len(successes) == len(parts) else None,
        )


def play_members(
    venv: Any,
    network: ActorCritic,
    params: torch.Tensor,
    seeds: np.ndarray,
    tasks: Sequence[Any] | None = None,
    sampled: bool = False,
    on_step: OnStep | None = None,
) -> Played:
    """Let every member play its episodes, one in each of its rows.

    Args:
        venv: A batch of M E rows.
        network: How parameters act.
        params: [M, P].
        seeds: Seeds of the episodes, integers [M, E].
        tasks: One for each member; None lets the seeds draw them.
        sampled: Sample actions; else take the most probable.
        on_step: Called after every step; False stops.

    Raises:
        NotFiniteError: If a reward or an observation is not finite.
        StoppedError: If `on_step` returned False.
    """
    members, episodes = seeds.shape
    each = [int(seed) for seed in seeds.ravel()]
    acting = [fold(seed, "act") for seed in each]
    loop = MembersLoop(network, params, venv, 1, acting, sampled)
    player = Player(venv, loop, on_step=on_step)
    options: dict[str, Any] = {"keep_task": False}
    if tasks is not None:
        options["tasks"] = [task for task in tasks for _ in range(episodes)]
    player.reset(each, options)
    returns = np.zeros(members * episodes)
    lengths = np.zeros(members * episodes, dtype=np.int64)
    success = np.zeros(members * episodes, dtype=bool)
    speaks = False
    for step, rows, _ in rounds(player, 1):
        returns[rows] += step.reward
        lengths[rows] += 1
        if "success" in step.infos:
            speaks = True
            success[rows] |= step.infos["success"] > 0
    shape = (members, episodes)
    return Played(
        returns.reshape(shape),
        lengths.reshape(shape),
        success.reshape(shape) if speaks else None,
    )
