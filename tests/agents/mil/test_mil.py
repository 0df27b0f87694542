"""MIL and conditioned cloning as agents: learning from one demonstration, and refusals."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import MIL, RL2, ConditionalBC, DemonstrationSet, baselines, evaluate, record
from agents.mil.answers import Answers

from .toys import SIDES

LEFT, RIGHT = {"side": 0}, {"side": 1}


def make(cls: Any = MIL, env: str = SIDES, **given: Any) -> Any:
    small: dict[str, Any] = {"n_envs": 8, "n_episodes": 3, "n_tasks": 4, "n_batches": 5, "seed": 0}
    small |= {"policy_kwargs": {"net_arch": (16,)}}
    return cls("MlpPolicy", env, preset=None, **{**small, **given})


def learnt(cls: Any = MIL, batches: int = 60, **given: Any) -> Any:
    agent = make(cls, n_batches=batches, learning_rate=0.02, **given)
    return agent.learn(1, log_interval=None)


LEARNERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a step": (MIL, {"inner_lr": 0.1}),
    "a learnt loss": (
        MIL,
        {"inner_lr": 0.1, "two_heads": True, "demo_actions": False, "batches": 200},
    ),
    "discrete": (MIL, {"inner_lr": 0.5, "env_kwargs": {"discrete": True}}),
    "last observation": (ConditionalBC, {"context": "final", "batches": 100}),
    "an LSTM": (ConditionalBC, {}),
    "attention": (ConditionalBC, {"context": "attention", "demo_actions": False}),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_one_demonstration_tells_what_is_meant(name: str) -> None:
    """Nothing but a demonstration tells the side: without, who errs least loses 1 a step."""
    cls, arguments = LEARNERS[name]
    agent = learnt(cls, **arguments)
    kwargs = arguments.get("env_kwargs")
    shown = evaluate(agent, SIDES, num_tasks=20, demonstrations=1, env_kwargs=kwargs)
    assert shown.mean()[0] > -1.5  # of 4 steps; the wrong side costs 16
    unshown = evaluate(agent, SIDES, num_tasks=20, env_kwargs=kwargs)
    assert unshown.mean()[0] < -3.0


def test_a_clone_without_adaptation_does_not_know() -> None:
    agent = learnt(inner_steps=0)
    shown = evaluate(agent, SIDES, num_tasks=20, demonstrations=1)
    assert shown.mean()[0] < -3.0
    assert np.array_equal(shown.returns, evaluate(agent, SIDES, num_tasks=20).returns)


def test_demonstrations_are_of_the_tasks_that_are_played(tmp_path: Any) -> None:
    agent = learnt(inner_lr=0.1)
    venv = gym.make_vec(SIDES, num_envs=3)
    few = record(baselines.Expert(), venv, 2, seed=3, tasks=[RIGHT, LEFT, RIGHT])
    few.save(tmp_path / "shown")
    by_set = evaluate(agent, SIDES, demonstrations=few, rows_per_task=2)
    by_file = evaluate(agent, SIDES, demonstrations=tmp_path / "shown.zip", rows_per_task=2)
    assert [int(task["side"]) for task in by_set.tasks] == [1, 0]
    assert by_set.row_returns.shape == (2, 2, 1) and (by_set.returns > -0.5).all()
    assert np.array_equal(by_set.returns, by_file.returns)
    assert by_file.protocol["demonstrations"]["hash"] == few.hash
    assert by_set.protocol["split"] == "all" and by_set.protocol["num_tasks"] == 2
    wrong = DemonstrationSet(  # the other side is shown as the task
        [type(one)(one.observations, one.actions, None, True, {"side": 1 - one.task["side"]})
         for one in few], few.observation_space, few.action_space)  # fmt: skip
    assert (evaluate(agent, SIDES, demonstrations=wrong).returns < -10).all()


def test_an_evaluation_does_not_depend_on_how_many_are_played_at_a_time() -> None:
    agent = learnt(inner_lr=0.1, batches=10)
    few, many = (
        evaluate(agent, SIDES, num_tasks=5, demonstrations=2, rows_per_task=2, num_envs=rows)
        for rows in (2, 100)
    )
    np.testing.assert_allclose(few.row_returns, many.row_returns, rtol=1e-4)
    assert few.protocol["demonstrations"] == 2


def test_more_demonstrations_are_one_larger_batch_in_any_order() -> None:
    agent = learnt(inner_lr=0.1, batches=5)
    venv = gym.make_vec(SIDES, num_envs=2)
    shown = record(baselines.Expert(), venv, 2, tasks=[RIGHT, RIGHT]).episodes
    acted = []
    for order in ((0, 1), (1, 0)):
        loop = agent.inner_loop(venv)
        loop.reset()
        for one in order:
            loop.condition([shown[one].steps()], np.array([1]))
        acted.append(loop.act(np.zeros((2, 1), np.float32)))
    np.testing.assert_allclose(acted[0], acted[1], atol=1e-6)
    assert acted[0][1] != acted[0][0]  # row 0 was shown nothing
    whole = agent.adapt(agent.shown([[shown[0], shown[1]]]), differentiable=False)
    answer = agent.answer(whole, torch.zeros(1, 1, 1)).detach().numpy()[0, 0]
    np.testing.assert_allclose(acted[0][1], np.clip(answer, -1, 1), atol=1e-6)
    loop.freeze()
    loop.condition([shown[2].steps()], np.array([0]))  # frozen: not heeded
    np.testing.assert_array_equal(loop.act(np.zeros((2, 1), np.float32)), acted[1])
    loop.reset(np.array([1]))
    forgotten = loop.act(np.zeros((2, 1), np.float32))
    assert forgotten[1] == forgotten[0]


def test_episodes_of_unequal_length_count_alike() -> None:
    agent = make()
    venv = gym.make_vec(SIDES, num_envs=1)
    one = record(baselines.Expert(), venv, 1, tasks=[LEFT]).episodes[0]
    short = type(one)(one.observations[:3], one.actions[:2], None, False, one.task)
    both = agent.shown([[short], [one]])
    assert both.mask.sum(dim=1).tolist() == [2.0, 4.0] and both.ends.tolist() == [[2], [4]]
    filled = agent.adapt(both, differentiable=False)
    alone = agent.adapt(agent.shown([[short]]), differentiable=False)
    for name, part in alone.items():
        torch.testing.assert_close(filled[name][0], part[0])


def test_what_cannot_be_is_refused() -> None:
    venv = gym.make_vec(SIDES, num_envs=2)
    shown = record(baselines.Expert(), venv, 1, tasks=[LEFT, RIGHT])
    watched = shown.without(actions=True)
    with pytest.raises(ValueError, match=r"task 0 .* has 1 episodes; shots \+ queries = 2"):
        make(demonstrations=shown)
    with pytest.raises(ValueError, match="episode 0 has no actions"):
        make(demonstrations=watched)
    unnamed = DemonstrationSet(
        [type(one)(one.observations, one.actions) for one in shown],
        *(shown.observation_space, shown.action_space),
    )
    with pytest.raises(ValueError, match="episode 0 .* does not say its task"):
        make(demonstrations=unnamed)
    with pytest.raises(ValueError, match="demo_states=False leaves nothing to see"):
        make(demo_states=False)
    with pytest.raises(TypeError, match="agents.BC takes other actions"):
        Answers(gym.spaces.MultiBinary(2))
    agent = make()
    for loop_of in (agent, make(ConditionalBC)):
        loop = loop_of.inner_loop(venv)
        with pytest.raises(ValueError, match="has no actions, and"):
            loop.condition([one.steps() for one in watched])
    with pytest.raises(ValueError, match="1 episodes for 2 rows"):
        loop.condition([shown.episodes[0].steps()])
    with pytest.raises(ValueError, match="a demonstration has no steps"):
        loop.condition([[]], np.array([0]))
    other = record(baselines.Random(), gym.make_vec("meta/PointGoal-v0", num_envs=1)).episodes[0]
    with pytest.raises(ValueError, match="has observations like"):
        loop.condition([other.steps()], np.array([0]))
    with pytest.raises(ValueError, match=r"demonstrations=1: meta/Bern.* has no expert"):
        evaluate(baselines.Random(), "meta/BernoulliBandit-v0", demonstrations=1)
    with pytest.raises(ValueError, match="the demonstrations are of Box"):
        evaluate(baselines.Random(), "meta/BernoulliBandit-v0", demonstrations=shown)
    with pytest.raises(NotImplementedError, match="cannot be shown demonstrations"):
        evaluate(baselines.Random(), SIDES, demonstrations=1)
    with pytest.raises(ValueError, match="demonstrations=0 must be"):
        evaluate(agent, SIDES, demonstrations=0)


def test_a_memory_is_carried_through_a_demonstration_as_if_it_had_been_played() -> None:
    agent = RL2("GruPolicy", SIDES, preset=None, seed=0, n_envs=4,
                policy_kwargs={"hidden_size": 4})  # fmt: skip
    venv = gym.make_vec(SIDES, num_envs=2)
    shown = record(baselines.Expert(), venv, 1, tasks=[LEFT, RIGHT]).episodes
    short = type(shown[0])(
        shown[0].observations[:3], shown[0].actions[:2], shown[0].rewards[:2], False
    )
    told, played = (agent.inner_loop(venv, seed=5) for _ in range(2))
    told.condition([short.steps(), shown[1].steps()])
    for row, one in enumerate((short, shown[1])):
        for step in one.steps():
            played.act(step.observation, np.array([row]), deterministic=True)
            played.observe(step, np.array([row]))
    torch.testing.assert_close(told._state, played._state)
    seen = np.zeros((2, 1), np.float32)
    np.testing.assert_allclose(told.act(seen), played.act(seen), rtol=1e-5)
    assert evaluate(agent, SIDES, num_tasks=3, demonstrations=2).returns.shape == (3, 1)
    with pytest.raises(ValueError, match="episode 0 lacks actions or rewards"):
        told.condition([type(short)(short.observations).steps()], np.array([0]))
    with pytest.raises(ValueError, match="episode 0 has no steps"):
        told.condition([[]], np.array([0]))
