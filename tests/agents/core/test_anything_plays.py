"""`evaluate` takes functions and objects with predict; bandit learners stay with bandits."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from agents import RL2, baselines, evaluate
from agents.cli.main import main
from agents.core.evaluation.defaults import NUM_TASKS

GRID = "meta/GridNavi-v0"


def stay(observation):
    return 0


class Careful:
    """As Stable-Baselines3's models, with a state, for all rows at once."""

    seed = 3

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        count = np.zeros(len(observation)) if state is None else state
        count = np.where(episode_start, 0, count) + 1
        return np.where(count > 1, 0, 1), count  # up once an episode, then it stays


class Plain:
    def predict(self, observation):
        return np.zeros(len(observation), dtype=np.int64)


def test_a_function_is_played_row_by_row():
    curve = evaluate(stay, GRID, num_tasks=5)
    np.testing.assert_allclose(curve.returns, -1.5)
    assert curve.protocol["agent"] == "stay" and curve.protocol["training_seed"] is None
    same = evaluate(baselines.Policy(stay), GRID, num_tasks=5)
    np.testing.assert_array_equal(curve.returns, same.returns)


def test_an_object_with_predict_is_played_in_a_batch():
    goal = evaluate(Careful(), GRID, num_tasks=5, env_kwargs={"size": 3}, split="all")
    assert goal.protocol["agent"] == "Careful" and goal.protocol["training_seed"] == 3
    few = evaluate(Careful(), GRID, num_tasks=5, env_kwargs={"size": 3}, split="all", num_envs=2)
    np.testing.assert_array_equal(goal.returns, few.returns)
    np.testing.assert_allclose(evaluate(Plain(), GRID, num_tasks=3).returns, -1.5)


def test_what_cannot_play_is_refused_in_words():
    with pytest.raises(ValueError, match=r"actions of shape \(2, 1\); Discrete\(5\) needs \(2,\)"):
        evaluate(lambda observation: [0], GRID, num_tasks=2)
    with pytest.raises(TypeError, match="RL2 is a class; give an agent"):
        evaluate(RL2, GRID)
    with pytest.raises(TypeError, match="swap the two"):
        evaluate(GRID, baselines.Random())
    with pytest.raises(TypeError, match="no function and has no predict"):
        baselines.Policy(3)
    for learner in (baselines.UCB1(), baselines.Thompson(), baselines.Gittins()):
        with pytest.raises(ValueError, match=r"a learner of bandits, which show nothing"):
            evaluate(learner, GRID, num_tasks=1)


def test_the_command_and_the_function_take_as_many_tasks(tmp_path, monkeypatch, capsys):
    assert inspect.signature(evaluate).parameters["num_tasks"].default == NUM_TASKS
    (tmp_path / "mine.py").write_text("def stay(observation):\n    return 0\n")
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "mine:stay", GRID, "--episodes", "1"]) == 0
    said = capsys.readouterr().out
    assert f"AdaptationCurve of stay on {GRID}, split 'test': {NUM_TASKS:,} tasks" in said


def test_no_preset_is_none_or_its_name():
    made = [RL2("GruPolicy", GRID, preset=preset, n_envs=4) for preset in (None, "none")]
    assert made[0].settings == {**made[1].settings, "seed": made[0].seed}
    assert made[1].applied["gamma"] == "default"


def test_a_preset_is_told_once_in_one_line(capsys):
    agent = RL2("GruPolicy", "meta/BernoulliBandit-v0", n_envs=4, env_kwargs={"pulls": 10})
    agent.learn(1)
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("RL2: a preset sets ")
    assert "(preset=None keeps the defaults); an iteration of 40 timesteps" in said
    agent.learn(1)
    assert capsys.readouterr().err == ""
    RL2("GruPolicy", "meta/BernoulliBandit-v0", n_envs=4, preset=None).learn(40)
    assert capsys.readouterr().err == ""
