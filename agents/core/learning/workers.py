"""Functions of independent jobs, computed by this process, by others, or on a Ray cluster.

The results are those of a loop, in order and bit for bit: a job holds all that it depends on (its
seed too), its size does not depend on the number of workers, and each is computed by one thread.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import joblib

Job = TypeVar("Job")
Result = TypeVar("Result")
_PATIENCE = 10.0  # seconds to wait for a cluster


def each(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int | str | None = 1,
    retries: int = 3,
) -> list[Result]:
    """Return `[function(job) for job in jobs]`.

    Args:
        function: A function of one job; workers must be able to import it.
        jobs: Each is sent to a worker, so it should be small: seeds, not noise.
        workers: Number of processes: 1 is this one, -1 as many as there are processors. `"ray"`
            is a Ray cluster: the one at `RAY_ADDRESS`, else one on this machine. None takes the
            backend that is in force (`joblib.parallel_config`).
        retries: How often a job may lose its worker (killed, or out of memory) and be repeated.

    Raises:
        ConnectionError: If no Ray cluster answers at `RAY_ADDRESS`.
        ImportError: If Ray is not installed.
        RuntimeError: If jobs have lost their workers too often.
        ValueError: If `workers` is something else.
    """
    if workers == "ray":
        return _by_ray(function, jobs, retries)
    if isinstance(workers, bool) or not (workers is None or isinstance(workers, int)):
        raise ValueError(f"workers={workers!r} must be a number of processes, None or 'ray'")
    if workers is not None and (workers == 0 or workers < -1):
        raise ValueError(f"workers={workers} must be at least 1, or -1 for all processors")
    if workers == 1 or (workers is not None and len(jobs) == 1):
        return [_alone(function, job) for job in jobs]
    return _by_joblib(function, jobs, workers, retries)


def check_workers(name: str, workers: Any) -> None:
    """Refuse what `each` does not take as `workers`, as a check of an argument.

    Raises:
        ValueError: Naming the argument.
    """
    number = isinstance(workers, int) and not isinstance(workers, bool)
    if workers not in (None, "ray") and not (number and (workers >= 1 or workers == -1)):
        raise ValueError(f"{name}={workers!r} must be a number of processes, -1, None or 'ray'")


def _alone(function: Callable[[Job], Result], job: Job) -> Result:
    """Compute one job with one thread: sums of several threads differ in their last bits."""
    torch = sys.modules.get("torch")  # workers import it only for jobs that need it
    if torch is None:
        return function(job)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return function(job)
    finally:
        torch.set_num_threads(threads)


def _numbered(function: Callable[[Job], Result], number: int, job: Job) -> tuple[int, Result]:
    return number, _alone(function, job)


def _by_joblib(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int | None, retries: int
) -> list[Result]:
    done: dict[int, Result] = {}
    for attempt in range(retries + 1):
        left = [number for number in range(len(jobs)) if number not in done]
        calls = [joblib.delayed(_numbered)(function, number, jobs[number]) for number in left]
        try:
            with _backend(workers) as order:
                parallel = joblib.Parallel(return_as=order, batch_size=1, pre_dispatch="all")
                for number, result in parallel(calls):
                    done[number] = result
            return [done[number] for number in range(len(jobs))]
        except Exception as lost:
            if not _worker_lost(lost):
                raise
            _say_lost(len(left) - len(done.keys() & set(left)), attempt, retries, lost)
    raise AssertionError("`_say_lost` raises after the last attempt")


@contextlib.contextmanager
def _backend(workers: int | None) -> Iterator[str]:
    """Set up joblib, and yield how its results come: one that came is not repeated."""
    if workers is not None:
        with joblib.parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
            yield "generator_unordered"
        return
    backend = joblib.parallel.get_active_backend()[0]
    yield "generator_unordered" if backend.supports_return_generator else "list"


def _worker_lost(error: Exception) -> bool:
    """Tell whether an error is the loss of a worker, and not one that a job raised."""
    names = {one.__name__ for one in type(error).__mro__}
    return bool(names & {"TerminatedWorkerError", "BrokenProcessPool", "RayActorError"})


def _say_lost(count: int, attempt: int, retries: int, lost: Exception) -> None:
    if attempt == retries:
        raise RuntimeError(
            f"{count} jobs have lost their workers {retries + 1} times: the system kills them, "
            "perhaps for want of memory; use fewer workers, or smaller jobs"
        ) from lost
    warnings.warn(
        f"a worker was lost ({type(lost).__name__}); the {count} jobs without a result are "
        "repeated",
        stacklevel=4,
    )


def _by_ray(function: Callable[[Job], Result], jobs: Sequence[Job], retries: int) -> list[Result]:
    ray = _ray()
    task = ray.remote(max_retries=retries, num_cpus=1)(_alone)
    try:
        return ray.get([task.remote(function, job) for job in jobs])
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError) as lost:
        raise RuntimeError(
            f"a job has lost its worker {retries + 1} times: the system kills it, perhaps for "
            "want of memory; use smaller jobs"
        ) from lost


def _ray() -> Any:
    """Return the module, connected to a cluster."""
    try:
        import ray
    except ImportError as missing:
        raise ImportError(
            "workers='ray' needs Ray: pip install 'metazoo[ray]', or give a number of processes"
        ) from missing
    if not ray.is_initialized():
        address = os.environ.get("RAY_ADDRESS")
        try:
            _knock(address)
            ray.init(log_to_driver=False, include_dashboard=False)
        except OSError as error:  # ConnectionError is one
            raise ConnectionError(
                f"no Ray cluster answers at RAY_ADDRESS={address!r} ({error}); start one with "
                "`ray start --head`, or unset RAY_ADDRESS to use this machine"
            ) from error
    return ray


def _knock(address: str | None) -> None:
    """Ask whether anything listens at a host and port: Ray itself would wait for minutes.

    Raises:
        OSError: If nothing does.
    """
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():  # else `auto`, or a path that Ray understands
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
