"""Populations: members that play episodes, in this process or in many. M members, E episodes each.

A job is some members; what it returns depends on nothing but the job. The number of workers and
the size of jobs therefore change the time, and no number.
"""

from __future__ import annotations

import copy
import functools
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from ..learning.evolution import OpenES, State
from ..learning.workers import each
from ..nets.actor_critic import ActorCritic
from ..play.members import Played, play_members
from ..play.player import OnStep, StoppedError
from ..saving.encoding import decode, encode
from .venv import make_rows


@dataclass(frozen=True)
class Around:
    """Members around the center of an evolution strategy, made where they play."""

    es: OpenES
    state: Mapping[str, np.ndarray]  # the center, sigma and the generation
    seed: int
    members: range

    @staticmethod
    def of(es: OpenES, state: State, seed: int) -> Around:
        """Return all members of a generation."""
        needed = {name: state[name].numpy() for name in ("center", "sigma", "generation")}
        return Around(es, needed, seed, range(es.population))

    def __len__(self) -> int:
        """Return M."""
        return len(self.members)

    def __getitem__(self, which: slice) -> Around:
        """Return consecutive members."""
        return Around(self.es, self.state, self.seed, self.members[which])

    def params(self) -> torch.Tensor:
        """Return the parameters, [M, P]."""
        state = {name: torch.from_numpy(part) for name, part in self.state.items()}
        return self.es.ask(state, self.seed, self.members)


class PlayableJob(Protocol):
    """Members that play; `part` gives some of them."""

    @property
    def num_rows(self) -> int:
        """Rows of the batch that it plays in."""

    def __len__(self) -> int:
        """Return the number of members."""

    def part(self, which: slice) -> Any:
        """Return some members."""

    def play(self, venv: Any, on_step: OnStep | None = None) -> Any:
        """Play in a batch of `num_rows` rows; the result has the `steps` of all rows."""


@dataclass(frozen=True)
class Job:
    """Members, and the episodes that they play."""

    network: ActorCritic
    members: Around | np.ndarray  # or parameters [M, P]
    seeds: np.ndarray  # of the episodes, [M, E]
    tasks: Sequence[Any] | None = None  # one each; None lets the seeds draw them
    sampled: bool = False  # else the most probable actions

    def __len__(self) -> int:
        """Return M."""
        return len(self.seeds)

    @property
    def num_rows(self) -> int:
        """M E."""
        return self.seeds.size

    def part(self, which: slice) -> Job:
        """Return some members."""
        tasks = None if self.tasks is None else self.tasks[which]
        return Job(self.network, self.members[which], self.seeds[which], tasks, self.sampled)

    def params(self) -> torch.Tensor:
        """Return the parameters, [M, P]."""
        given = self.members
        return given.params() if isinstance(given, Around) else torch.from_numpy(given)

    def play(self, venv: Any, on_step: OnStep | None = None) -> Played:
        """Play in a batch of M E rows."""
        return play_members(
            venv, self.network, self.params(), self.seeds, self.tasks, self.sampled, on_step
        )


def play_jobs(
    jobs: Sequence[PlayableJob],
    identity: tuple[str | None, Mapping[str, Any]],
    venv: Any,
    workers: int | str | None,
    on_step: OnStep,
) -> list[Any]:
    """Play jobs, in order, and count their steps.

    Args:
        jobs: In order.
        identity: Id and keyword arguments of the environment.
        venv: A batch to play in, if `workers` is 1.
        workers: As in `each`.
        on_step: Called after every step in `venv`, and with the steps of a job played elsewhere.

    Raises:
        NotFiniteError: If a reward or an observation is not finite.
        StoppedError: If `on_step` returned False.
        ValueError: If others are to play in an environment that has no id.
    """
    if workers == 1:
        return [_play_here(job, identity, venv, on_step) for job in jobs]
    if identity[0] is None:
        raise ValueError(
            f"workers={workers!r} make environments of their own, and {venv} has no id to make "
            "them from; give an id, or workers=1"
        )
    id, kwargs = spelled(identity)
    results = each(play_elsewhere, [(id, kwargs, job) for job in jobs], workers)
    for result in results:
        if not on_step(result.steps):
            raise StoppedError
    return results


def _play_here(job: PlayableJob, identity: Any, venv: Any, on_step: OnStep) -> Any:
    """Play a job in `venv`, or, if it has another number of rows, in a batch kept for that."""
    if job.num_rows == venv.num_envs:
        return job.play(venv, on_step)
    result = play_elsewhere((*spelled(identity), job))
    if not on_step(result.steps):
        raise StoppedError
    return result


def spelled(identity: tuple[str | None, Mapping[str, Any]]) -> tuple[str, str]:
    """Return an id, and its keyword arguments as JSON: a key for batches that are kept."""
    return str(identity[0]), json.dumps(encode(dict(identity[1]), set(), "env_kwargs"))


def play_elsewhere(given: tuple[str, str, PlayableJob]) -> Any:
    """Play a job (after id and keyword arguments, see `spelled`) in a batch of this process.

    Jobs share a network, which may keep scratch arrays; a thread beside others plays a copy.
    """
    id, kwargs, job = given
    if threading.current_thread() is not threading.main_thread():
        job = copy.deepcopy(job)
    return job.play(rows_of_process(id, kwargs, job.num_rows))


def rows_of_process(id: str, kwargs: str, num_rows: int) -> Any:
    """Return a batch that this process keeps, with no task pinned."""
    venv = _rows(id, kwargs, num_rows, threading.get_ident())
    venv.unwrapped.set_tasks(None)
    return venv


@functools.lru_cache(maxsize=8)
def _rows(id: str, kwargs: str, num_rows: int, thread: int) -> Any:
    return make_rows(id, num_rows, decode(json.loads(kwargs)))
