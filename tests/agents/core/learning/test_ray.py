"""Jobs on Ray: the same results, and workers that are killed cost their job only."""

from __future__ import annotations

import numpy as np
import pytest
import torch

ray = pytest.importorskip("ray")

import agents  # noqa: E402
from agents.core.learning import workers  # noqa: E402
from tests.agents.core.learning.test_workers import (  # noqa: E402
    always_killed,
    draw,
    draw_after_a_kill,
    fails,
)


@pytest.fixture(scope="module", autouse=True)
def _two_workers():
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)
    yield
    ray.shutdown()


def test_ray_computes_the_same():
    assert workers.each(draw, range(5), "ray") == [draw(seed) for seed in range(5)]
    with pytest.raises(KeyError, match="3"):
        workers.each(fails, [3], "ray")


def test_a_killed_worker_of_ray_costs_its_job_only(tmp_path):
    jobs = [(seed, str(tmp_path / f"{seed % 2}")) for seed in range(4)]
    assert workers.each(draw_after_a_kill, jobs, "ray") == [draw(seed) for seed in range(4)]
    with pytest.raises(RuntimeError, match="lost its worker 1 times"):
        workers.each(always_killed, [0], "ray", retries=0)


def test_a_generation_by_ray_is_the_same_bit_for_bit():
    centers = []
    for who in (1, "ray"):
        agent = agents.ES(
            *("MlpPolicy", "meta/PointGoal-v0"),
            **{"env_kwargs": {"max_episode_steps": 5}, "population": 8, "n_envs": 2, "seed": 0},
            policy_kwargs={"net_arch": (4,)},
            workers=who,
        )
        centers.append(agent.learn(80, log_interval=None).center)
    assert all(torch.equal(centers[0], other) for other in centers[1:])
    assert np.isfinite(centers[0].numpy()).all()
