"""GROOVE's buffer keeps its laws, regret is what it says, and lives begin where it is high."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import LPG
from agents.core.lifetimes.lives import judge
from agents.lpg.levels import LevelBuffer
from meta_envs.core import tasks as _tasks
from tests.agents.lpg.settings import ID, LEVEL, make

_ITERATION = 6 * 4 * 3  # rows, steps, updates and one more


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def level(number):
    return {"walls": np.full((2, 2), number), "start": np.array(number)}


def filled(scores, capacity=5, replay=1.0, temperature=1.0):
    buffer = LevelBuffer(level(0), capacity, replay, temperature)
    for number, score in enumerate(scores):
        buffer.enter(level(number), score)
    return buffer


def test_probabilities_fall_with_the_rank_and_sum_to_one():
    buffer = filled([0.1, 0.9, 0.5])
    whole = 1 + 1 / 2 + 1 / 3
    np.testing.assert_allclose(
        buffer.probabilities(), np.array([1 / 3, 1, 1 / 2, 0, 0]) / whole, rtol=1e-12
    )
    steep = filled([0.1, 0.9, 0.5], temperature=0.5).probabilities()
    np.testing.assert_allclose(steep[:3], np.array([1 / 9, 1, 1 / 4]) / (1 + 1 / 4 + 1 / 9))
    rng = np.random.default_rng(0)
    drawn = np.zeros(5)
    for _ in range(2000):
        place = buffer.draw(rng)
        drawn[place] += 1
        buffer.active[place] = False
    error = np.sqrt(buffer.probabilities() * (1 - buffer.probabilities()) / 2000)
    assert (np.abs(drawn / 2000 - buffer.probabilities()) <= 4 * error).all()


def test_levels_that_somebody_lives_in_are_never_drawn_and_new_ones_neither():
    buffer, rng = filled([0.1, 0.9, 0.5]), np.random.default_rng(0)
    assert sorted(buffer.draw(rng) for _ in range(3)) == [0, 1, 2]
    assert buffer.draw(rng) is None and not buffer.probabilities().any()
    buffer.leave(1, -1.0)
    assert buffer.draw(rng) == 1 and buffer.scores[1] == -1.0
    assert filled([]).draw(rng) is None


def test_replay_is_the_share_of_lives_that_begin_in_the_buffer():
    rng = np.random.default_rng(1)
    assert filled([1.0], replay=0.0).draw(rng) is None
    buffer, found = filled([1.0, 2.0], replay=0.3), 0
    for _ in range(2000):
        place = buffer.draw(rng)
        found += place is not None
        buffer.active[:] = False
    assert abs(found / 2000 - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 2000)


def test_the_worst_level_that_is_free_makes_room_for_a_better_one_alone():
    buffer = filled([0.3, 0.1, 0.2], capacity=3)
    buffer.active[1] = True
    buffer.enter(level(7), 0.15)  # worse than all that are free
    assert buffer.scores.tolist() == [0.3, 0.1, 0.2] and len(buffer) == 3
    buffer.enter(level(7), 0.25)
    assert buffer.scores.tolist() == [0.3, 0.1, 0.25]
    assert buffer.task(2)["start"] == 7 and (buffer.task(2)["walls"] == 7).all()
    buffer.active[:] = True
    buffer.enter(level(8), 9.0)
    assert buffer.scores.max() == 0.3
    again = filled([], capacity=3)
    again.load_state_dict(buffer.state_dict())
    assert again.scores.tolist() == buffer.scores.tolist() and again.active.all()
    with pytest.raises(RuntimeError, match=r"scores must be of shape \(4,\)"):
        filled([], capacity=4).load_state_dict(buffer.state_dict())


def groove(**more):
    return make(
        **{"curriculum": "regret", "level_buffer": 6, "regret_episodes": 1, "lifetime": 2, **more}
    )


def test_an_untrained_rule_has_regret_on_nine_levels_of_ten():
    agent = LPG(
        *("MlpPolicy", ID), env_kwargs=LEVEL, preset=None, seed=0, n_envs=60, rows_per_task=6,
        n_steps=5, n_updates=1, lifetime=40, rule_size=4, n_predictions=2, curriculum="regret",
        level_buffer=10, regret_episodes=4,
    )  # fmt: skip
    drawn = agent.venv.unwrapped.sample_tasks(10, seed=3)
    tasks = [_tasks.at(drawn, one) for one in range(10)]
    regrets = agent.regrets_of(np.arange(10), tasks, 200)
    assert (regrets > 0).mean() >= 0.9
    assert regrets.max() <= 2.0  # from -1 to 1


def test_regret_is_what_a2c_earns_less_what_the_learners_do(monkeypatch):
    agent = groove()
    drawn = agent.venv.unwrapped.sample_tasks(3, seed=3)
    tasks = [_tasks.at(drawn, one) for one in range(3)]
    seen = []
    monkeypatch.setattr(
        "agents.lpg.regret.judge", lambda *given: seen.append(judge(*given)) or seen[-1]
    )
    whole = agent.regrets_of(np.arange(3), tasks, 8)
    alone = np.concatenate([agent.regrets_of(np.array([one]), [tasks[one]], 8) for one in range(3)])
    np.testing.assert_array_equal(whole, alone)  # whoever is judged beside them
    theirs = whole + seen[0].returns.mean(axis=1)
    assert seen[0].returns.shape == (3, 2) and (np.abs(theirs) <= 1 + 1e-9).all()


def test_lives_enter_the_buffer_and_begin_in_it_and_training_resumes(tmp_path):
    agent = groove(replay_probability=1.0)
    agent.learn(_ITERATION)
    assert len(agent.levels) == 3  # with one update of two, all three end together
    assert sorted(agent._level.tolist()) == [0, 1, 2] and agent.levels.active[:3].all()
    tasks = agent.venv.unwrapped.tasks
    for one, place in enumerate(agent._level):
        kept = agent.levels.task(int(place))
        assert all(np.array_equal(kept[key], tasks[key][2 * one]) for key in kept)
    whole = groove().learn(2 * _ITERATION)
    half = groove().learn(_ITERATION)
    half.save(tmp_path / "groove.zip")
    again = LPG.load(tmp_path / "groove.zip").learn(_ITERATION, reset_num_timesteps=False)
    assert torch.equal(whole.rule_network.flat, again.rule_network.flat)
    for name, part in whole.levels.state_dict().items():
        assert torch.equal(part, again.levels.state_dict()[name]), name


def test_a_curriculum_needs_tasks():
    with pytest.raises(ValueError, match="CartPole-v1 has none; name a task distribution"):
        LPG("MlpPolicy", "CartPole-v1", n_envs=2, rows_per_task=2, curriculum="regret")
