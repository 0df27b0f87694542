"""DiscoRL as an agent: it learns, is kept with its rule, and says what it lacks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import DiscoRL, evaluate
from agents.cli.main import main
from agents.disco.weights import random_arrays

_SMALL = {
    **{"n_steps": 3, "batch_size": 2, "buffer_size": 20, "learning_starts": 4, "n_envs": 2},
    **{"policy_kwargs": {"net_arch": [4], "model_size": 4}, "preset": None, "seed": 0},
}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(env="meta/Catch-v0", **more):
    return DiscoRL("MlpPolicy", env, **{"weights": "random", **_SMALL, **more})


def test_learners_change_once_enough_was_kept_and_resume_to_the_same_bits(tmp_path):
    whole = make()
    born = whole.loop.learners["policy"]
    whole.learn(6)
    assert torch.equal(whole.loop.learners["policy"], born)  # one window is T + 1 steps
    whole.learn(12, reset_num_timesteps=False)
    assert not torch.equal(whole.loop.learners["policy"], born)
    half = make().learn(12)
    half.save(tmp_path / "half.zip")
    again = DiscoRL.load(tmp_path / "half.zip").learn(6, reset_num_timesteps=False)
    for name, part in whole.loop.learners.items():
        assert torch.equal(again.loop.learners[name], part), name


def test_a_rule_from_a_file_goes_with_its_agent(tmp_path):
    path = tmp_path / "rule.npz"
    np.savez(path, **random_arrays(5))
    agent = make(weights=path)
    assert not torch.equal(agent.meta_network.flat, make().meta_network.flat)
    agent.save(tmp_path / "agent.zip")
    path.unlink()
    again = DiscoRL.load(tmp_path / "agent.zip")
    other = again.make_learner("CartPole-v1")
    for one in (again, other):
        assert torch.equal(one.meta_network.flat, agent.meta_network.flat)
        one.learn(12)


def test_without_a_rule_it_says_where_to_get_it():
    agent = make(weights=None)
    for call in (
        lambda: agent.learn(6),
        lambda: evaluate(agent, "meta/Catch-v0", steps=12, bins=1, num_tasks=1, rows_per_task=2),
    ):
        with pytest.raises(ValueError, match="give its file, disco_103.npz in the folder"):
            call()


def test_lives_can_be_evaluated_and_do_not_depend_on_those_beside_them():
    agent = make()
    curves = [
        evaluate(agent, "meta/Catch-v0", steps=9, bins=1, num_tasks=2, rows_per_task=2, num_envs=n)
        for n in (2, 4)
    ]
    assert np.array_equal(curves[0].returns, curves[1].returns)


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"env": "meta/PointGoal-v0"}, TypeError, "DiscoRL takes Discrete alone"),
        ({"buffer_size": 3}, ValueError, "buffer_size=3 must be larger than n_steps=3"),
        ({"policy_kwargs": {"model_size": 0}}, ValueError, "model_size=0 must be"),
    ],
)
def test_bad_arguments_are_refused_in_words(more, error, words):
    with pytest.raises(error, match=words):
        make(**more)


def test_without_the_rule_no_run_is_created(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "discorl", "meta/Catch-v0"]) != 0
    assert "weights=None" in capsys.readouterr().err and not list(tmp_path.iterdir())
