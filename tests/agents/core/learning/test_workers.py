"""Jobs have the same results whoever computes them, and outlive their workers."""

from __future__ import annotations

import os
import re
import signal
import sys

import numpy as np
import pytest

from agents.core.learning import workers


def draw(seed):
    return np.random.default_rng(seed).normal(size=3).tolist()


def draw_after_a_kill(job):
    """Be killed the first time, as by a system without memory; `flag` is a file made then."""
    seed, flag = job
    try:
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return draw(seed)
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def always_killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def fails(seed):
    raise KeyError(seed)


def test_results_do_not_depend_on_the_number_of_workers():
    alone = workers.each(draw, range(5))
    assert alone == [draw(seed) for seed in range(5)]
    assert workers.each(draw, range(5), 2) == alone
    assert workers.each(draw, range(5), None) == alone
    assert workers.each(draw, [], 2) == []


def test_a_killed_worker_costs_its_job_only(tmp_path):
    flags = [str(tmp_path / f"{seed % 2}") for seed in range(4)]
    jobs = list(enumerate(flags))
    with pytest.warns(UserWarning, match=r"a worker was lost .* are repeated"):
        assert workers.each(draw_after_a_kill, jobs, 2) == [draw(seed) for seed in range(4)]


def test_jobs_that_always_lose_their_worker_end_in_words():
    words = "2 jobs have lost their workers 1 times.*fewer workers"
    with pytest.raises(RuntimeError, match=words):
        workers.each(always_killed, [0, 1], 2, retries=0)


def test_errors_of_jobs_are_raised_as_they_are():
    with pytest.raises(KeyError, match="3"):
        workers.each(fails, [3])


@pytest.mark.parametrize("wrong", [0, -2, 1.5, True, "rey"])
def test_bad_numbers_of_workers(wrong):
    with pytest.raises(ValueError, match="workers="):
        workers.each(draw, [1, 2], wrong)
    with pytest.raises(ValueError, match="workers="):
        workers.check_workers("workers", wrong)


def test_ray_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install 'metazoo\[ray\]'"):
        workers.each(draw, [1], "ray")


def test_no_ray_cluster_at_the_address(monkeypatch):
    class Ray:
        @staticmethod
        def is_initialized():
            return False

        @staticmethod
        def init(**_):
            raise ConnectionError("refused")

    monkeypatch.setitem(sys.modules, "ray", Ray)
    # Ray itself waits for minutes where nothing listens, so it is not asked; at `auto` it is.
    for address in ("127.0.0.1:1", "ray://[::1]:1", "auto"):
        monkeypatch.setenv("RAY_ADDRESS", address)
        words = re.escape(f"no Ray cluster answers at RAY_ADDRESS={address!r}")
        with pytest.raises(ConnectionError, match=words):
            workers.each(draw, [1], "ray")
