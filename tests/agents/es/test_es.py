"""ES: who plays changes nothing, what it keeps, what it says of bad input, and that it learns."""

from __future__ import annotations

import pickle

import gymnasium as gym
import joblib
import numpy as np
import pytest
import torch

import agents
from agents.core.base.population import Around, Job, play_elsewhere, play_jobs, spelled
from agents.core.play.members import MembersLoop

POINT = {"max_episode_steps": 5}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(env="meta/PointGoal-v0", **more):
    given = {"env_kwargs": POINT} if env == "meta/PointGoal-v0" else {}
    few = {"population": 8, "seed": 0, "policy_kwargs": {"net_arch": (8,)}}
    return agents.ES("MlpPolicy", env, **{**given, **few, **more})


def center_after(agent, generations=2):
    steps = agent.learn(1, log_interval=None).num_timesteps
    agent.learn((generations - 1) * steps, reset_num_timesteps=False, log_interval=None)
    return agent.center


def test_results_do_not_depend_on_the_size_of_jobs_or_on_who_plays():
    wanted = make(n_episodes=2)
    center_after(wanted)
    assert wanted.n_envs == 16
    others = [make(n_episodes=2, n_envs=rows) for rows in (4, 8)]
    with joblib.parallel_config("threading", n_jobs=3):
        for other in [*others, threads := make(n_episodes=2, n_envs=4, workers=None)]:
            assert torch.equal(center_after(other), wanted.center)
            assert other.num_timesteps == wanted.num_timesteps
    assert list(threads.ep_info_buffer)[-1]["r"] == list(wanted.ep_info_buffer)[-1]["r"]


def test_a_job_is_the_same_in_another_process():
    """It is sent by pickle; `benchmarks/populations.py` compares 1, 2 and 4 processes and Ray."""
    agent = make()
    seeds = np.arange(8)[:, None]
    job = Job(agent.network, Around.of(agent.strategy, agent._state.tensors, 0), seeds)
    sent = pickle.loads(
        pickle.dumps((*spelled(("meta/PointGoal-v0", POINT)), job.part(slice(2, 6))))
    )
    whole = job.play(agent.venv)
    assert (play_elsewhere(sent).returns == whole.returns[2:6]).all()
    assert len(pickle.dumps(sent)) < 40_000  # seeds travel, not noise


def test_members_of_a_generation_play_the_same_episodes():
    """Two members of equal parameters get equal returns, and each what it gets alone."""
    agent = make(n_episodes=2)
    params = agent.center.expand(4, -1).clone()
    params[2] += 0.5
    seeds = np.tile([5, 9], (4, 1))
    venv = gym.make_vec("meta/PointGoal-v0", num_envs=8, **POINT)
    (whole,) = play_jobs([Job(agent.network, params.numpy(), seeds)], (None, {}), venv, 1, _go_on)
    assert (whole.returns[0] == whole.returns[1]).all() and whole.steps == 40
    assert (whole.returns[0] != whole.returns[2]).any()
    for member in range(4):
        job = Job(agent.network, params[member : member + 1].numpy(), seeds[:1])
        identity = ("meta/PointGoal-v0", POINT)
        (alone,) = play_jobs([job], identity, venv, 1, _go_on)
        assert (alone.returns == whole.returns[member]).all()


def test_given_tasks_are_played():
    agent = make()
    venv = gym.make_vec("meta/PointGoal-v0", num_envs=2, **POINT)
    tasks = [venv.sample_tasks(2, seed=0)["goal"][i] for i in range(2)]
    job = Job(
        agent.network,
        agent.center.expand(2, -1).numpy(),
        np.array([[3], [3]]),
        [{"goal": goal} for goal in tasks],
    )
    play_jobs([job], (None, {}), venv, 1, _go_on)
    np.testing.assert_array_equal(venv.tasks["goal"], tasks)


def test_members_sample_only_if_told_to():
    bandit, more = "meta/BernoulliBandit-v0", {"n_envs": 8}
    loops = []
    for sampled in (False, True):
        agent = make(bandit, sampled=sampled, **more)
        venv = gym.make_vec(bandit, num_envs=8)
        loop = agent.inner_loop(venv, seed=0)
        assert isinstance(loop, MembersLoop)
        observation = venv.reset(seed=0)[0]
        loops.append([loop.act(observation) for _ in range(5)])
        actions = [agent.predict(observation[0])[0] for _ in range(20)]
        assert (len(set(actions)) > 1) == sampled
    assert np.ptp(loops[0]) == 0 and np.ptp(loops[1]) > 0


def test_saves_and_goes_on(tmp_path):
    agent = make(learning_rate_decay=0.5, sigma_decay=0.9)
    center_after(agent)
    agent.save(tmp_path / "es.zip")
    again = agents.ES.load(tmp_path / "es.zip", workers=1)
    for one in (agent, again):
        one.learn(40, reset_num_timesteps=False, log_interval=None)
    assert torch.equal(agent.center, again.center)
    assert float(again._state.tensors["sigma"]) == pytest.approx(0.1 * 0.9**3)


def test_nan_fitness_ranks_last_and_is_said():
    agent = make()
    played = agent._collect(lambda step: True)
    agent._total_timesteps = 1
    played.returns[3] = np.nan
    with pytest.warns(UserWarning, match="the fitness of 1 of 8 members is NaN"):
        figures = agent.train(played)
    assert figures["nan_fitness"] == 1.0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"population": 7}, "population=7 must be even"),
        ({"population": 1}, "population=1 must be at least 2"),
        ({"n_envs": 6}, "6 members a job, which must be even and divide population=8; use e.g."),
        ({"n_envs": 3, "n_episodes": 3}, "1 members a job"),
        ({"learning_rate": ("linear", 1.0, 0.0)}, "learning_rate_decay lowers it"),
        ({"workers": 0}, "workers=0 must be a number of processes"),
        ({"sigma": 0.0}, "sigma=0.0 must be above 0"),
        ({"n_episodes": 0}, "n_episodes=0 must be at least 1"),
    ],
)
def test_bad_arguments(more, words):
    with pytest.raises(ValueError, match=words):
        make(**more)


def test_workers_need_an_id():
    venv = gym.make_vec("meta/PointGoal-v0", num_envs=8)
    venv.spec = None
    with pytest.raises(ValueError, match="has no id to make them from"):
        make(venv, workers=2).learn(1)


def _go_on(step):
    return True


def test_learns_to_balance_a_pole():
    """A linear policy: seeds 0-2 reached 109, 200 and 104 of 200 steps; at random it is 22."""
    env_kwargs = {"nominal": True, "max_episode_steps": 200}
    linear = {"learning_rate": 0.1, "sigma": 0.3, "policy_kwargs": {"net_arch": ()}}
    agent = make("meta/RandomCartPole-v0", env_kwargs=env_kwargs, population=16, **linear)
    for done in range(12):
        agent.learn(1, reset_num_timesteps=not done, log_interval=None)
    played = {"env_kwargs": env_kwargs, "num_tasks": 1, "episodes": 20}
    assert agents.evaluate(agent, "meta/RandomCartPole-v0", **played).returns.mean() > 70
