"""Who computes a generation changes its time alone: processes here, Ray, and workers that die."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

import agents

Rows = Iterator[tuple[str, Any]]
_SIZE = {"population": 64, "n_envs": 8, "env_kwargs": {"max_episode_steps": 200}}


def workers(seed: int, wishes: Any) -> Rows:
    """The same ES by 1, 2 and 4 processes, and by 2 that lose a worker."""
    alone, seconds = _alone(seed)
    yield "seconds of a generation, workers=1", round(seconds, 3)
    for count in (2, 4):
        yield from _compared(f"workers={count}", _generation(seed, count), alone)
    killed = _generation(seed, 2, _pids_of_loky)
    yield from _compared("workers=2, one killed", killed, alone)


def ray_workers(seed: int, wishes: Any) -> Rows:
    """The same ES by 1 and 2 workers of Ray, and by 2 that lose one; needs Ray and 2 processors."""
    alone, _ = _alone(seed, 6)  # the fastest counts, for the machine may be busy
    seconds: dict[int, float] = {}
    for count in (1, 2):
        with _ray(count):
            for what, value in _compared(f"{count} of Ray", _generation(seed, "ray"), alone):
                seconds.setdefault(count, value)
                yield what, value
    yield "2 of Ray against 1, times as fast", round(seconds[1] / seconds[2], 2)
    with _ray(2):
        killed = _generation(seed, "ray", _pids_of_ray)
        yield from _compared("2 of Ray, one killed", killed, alone)


def _alone(seed: int, generations: int = 3) -> tuple[list[torch.Tensor], float]:
    """Return the centers of this process after each generation, and a generation's seconds."""
    generation = _generation(seed, 1)
    done = [next(generation) for _ in range(generations)]
    return [one[0] for one in done], min(one[1] for one in done[1:])


def _compared(name: str, generation: Iterator[Any], wanted: list[torch.Tensor]) -> Rows:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a worker was lost
        got = [next(generation) for _ in wanted]
    yield f"seconds of a generation, {name}", round(min(one[1] for one in got[1:]), 3)
    equal = all(torch.equal(one[0], other) for one, other in zip(got, wanted, strict=True))
    yield f"{name} equals workers=1, bit for bit", equal
    deaths = sum(one[2] for one in got)
    if "killed" in name:
        yield f"{name}: workers killed", deaths


def _generation(
    seed: int, count: Any, pids: Callable[[], list[int]] | None = None
) -> Iterator[tuple[torch.Tensor, float, int]]:
    """Yield the center after each generation, its seconds, and how many workers were killed.

    Generations after the first lose a worker at about half of the first one's time.
    """
    agent = agents.ES("MlpPolicy", "meta/Terrain-v0", seed=seed, workers=count, **_SIZE)
    usual = None
    while True:
        deaths: list[int] = []
        killer = None
        if pids is not None and usual is not None:
            killer = threading.Timer(usual / 2, _kill_one, (pids, deaths))
            killer.start()
        began = time.perf_counter()
        agent.learn(1, reset_num_timesteps=not agent.iteration, log_interval=None)
        seconds = time.perf_counter() - began
        if killer is not None:
            killer.join()
        usual = seconds if usual is None else min(usual, seconds)
        yield agent.center, seconds, len(deaths)


def _kill_one(pids: Callable[[], list[int]], deaths: list[int]) -> None:
    for pid in pids():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            deaths.append(pid)
            return


def _pids_of_loky() -> list[int]:
    """Return the processes of joblib's pool, which are children of this one."""
    from joblib.externals.loky import reusable_executor

    pool = reusable_executor._executor
    return [] if pool is None else list(pool._processes)


_RAY_PIDS: list[int] = []


def _pids_of_ray() -> list[int]:
    """Return the processes that Ray's tasks ran in before this generation."""
    return list(_RAY_PIDS)


@contextlib.contextmanager
def _ray(count: int) -> Iterator[None]:
    """Start a cluster of some workers on this machine, and let each begin."""
    import ray

    ray.init(num_cpus=count, log_to_driver=False, include_dashboard=False)
    try:
        pid = ray.remote(num_cpus=1)(_slow_pid)
        _RAY_PIDS[:] = set(ray.get([pid.remote() for _ in range(count)]))
        yield
    finally:
        ray.shutdown()


def _slow_pid() -> int:
    """Return this process, late enough that the next task goes to another one."""
    time.sleep(1.0)
    return os.getpid()
