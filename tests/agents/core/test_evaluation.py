"""Which tasks an evaluation takes, what it measures, what it refuses, and for whom."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO

import agents
from agents import RL2, InnerLoop, SB3VecEnv, baselines
from meta_envs.wrappers import TrialWrapper
from tests.agents.core.inner_loops import Agent, Constant

torch.set_num_threads(1)
evaluate: Any = agents.evaluate  # the optional parts of its curve are taken as present

SERIES = ("returns", "row_returns", "lengths", "expected_returns", "success", "rewards",
          "expected_rewards", "frozen_returns", "frozen_success")  # fmt: skip
LENGTHS, BANDIT, GRID = "toy/Lengths-v0", "meta/DependentBandit-v0", "meta/GridNavi-v0"
SHORT: dict[str, Any] = {"pulls": 20}


def small_rl2(env, **kwargs):
    sizes = {"hidden_size": 8, "embedding_sizes": ()}
    arguments: dict[str, Any] = {"n_envs": 2, "preset": None, "seed": 0}
    agent = RL2("GruPolicy", env, env_kwargs=kwargs, policy_kwargs=sizes, **arguments)
    logits: Any = agent.policy.head.logits
    with torch.no_grad():
        logits.weight.mul_(100)  # so that what it saw decides what it does
    return agent


def same(one, other):
    for name in SERIES:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None), name
        if mine is not None:
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert one.tasks == other.tasks


# ---- results do not depend on the batch ---------------------------------------------------------

CASES: dict[str, Any] = {
    "rl2": (lambda: small_rl2(BANDIT, **SHORT), BANDIT, SHORT),
    "rl2 lengths": (lambda: small_rl2(LENGTHS), LENGTHS, {}),
    "thompson": (baselines.Thompson, BANDIT, SHORT),
    "random": (baselines.Random, LENGTHS, {}),
    "random ends": (baselines.Random, "toy/Hasty-v0", {}),
    "grid": (baselines.Random, GRID, {}),
}


@pytest.mark.parametrize("rows_per_task", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_results_do_not_depend_on_num_envs(case, rows_per_task):
    make, env, kwargs = CASES[case]
    agent = make()
    arguments: dict[str, Any] = {
        "num_tasks": 16,
        "env_kwargs": kwargs,
        "rows_per_task": rows_per_task,
        "frozen_episodes": 2,
        "seed": 5,
    }
    whole = evaluate(agent, env, num_envs=256, **arguments)
    assert len(np.unique(whole.row_returns)) > 3 or case == "random ends"
    for num_envs in (7, 1):
        same(whole, evaluate(agent, env, num_envs=num_envs, **arguments))


def test_a_lifetime_does_not_depend_on_num_envs():
    arguments: dict[str, Any] = {"num_tasks": 9, "steps": 50, "bins": 5, "seed": 5}
    whole = evaluate(baselines.Random(), "toy/Guess-v0", num_envs=256, **arguments)
    assert len(np.unique(whole.returns)) > 3
    for num_envs in (4, 1):
        same(whole, evaluate(baselines.Random(), "toy/Guess-v0", num_envs=num_envs, **arguments))


def test_the_seed_decides_everything():
    arguments: dict[str, Any] = {"num_tasks": 10, "env_kwargs": SHORT}
    one, again, other = (
        evaluate(baselines.Thompson(), BANDIT, seed=seed, **arguments) for seed in (0, 0, 1)
    )
    same(one, again)
    assert one.tasks != other.tasks and not np.array_equal(one.returns, other.returns)


# ---- tasks --------------------------------------------------------------------------------------


def test_tasks_are_the_same_for_every_agent_and_number_of_tasks():
    players = [baselines.Random(), baselines.Thompson(), small_rl2(BANDIT), Agent(Constant)]
    tasks = [
        evaluate(agent, BANDIT, num_tasks=5, seed=2, env_kwargs=SHORT).tasks for agent in players
    ]
    assert all(other == tasks[0] for other in tasks)
    more = evaluate(Agent(Constant), BANDIT, num_tasks=9, seed=2, env_kwargs=SHORT).tasks
    assert more[:5] == tasks[0]
    assert len({str(task) for task in more}) == 9


def test_the_tasks_of_the_curve_are_those_that_were_played():
    curve = evaluate(Agent(Constant), "toy/Guess-v0", num_tasks=12, num_envs=5, seed=1)
    arms = np.array([task["arm"] for task in curve.tasks])
    assert 0 < arms.mean() < 1
    np.testing.assert_array_equal(curve.returns[:, 0], np.where(arms == 0, 8.0, 0.0))


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_finite_splits_are_taken_in_turn(split):
    venv: Any = gym.make_vec(GRID, num_envs=1, split=split)
    goals = [task["goal"].tolist() for task in venv.tasks_in_split]
    count = len(goals) + 3
    curve = evaluate(baselines.Random(), GRID, split=split, num_tasks=count, episodes=1, num_envs=4)
    assert [list(task["goal"]) for task in curve.tasks] == goals + goals[:3]
    assert curve.protocol["split"] == split


def test_the_split_is_test_where_there_is_one():
    assert evaluate(baselines.Random(), GRID, num_tasks=2).protocol["split"] == "test"
    held_out: Any = gym.make_vec(BANDIT, num_envs=1, split="test")
    curve = evaluate(baselines.Random(), BANDIT, num_tasks=20, env_kwargs=SHORT)
    assert curve.protocol["split"] == "test"
    assert all(held_out.in_split({"means": np.array(task["means"])}) for task in curve.tasks)
    assert evaluate(baselines.Random(), LENGTHS, num_tasks=2).protocol["split"] == "all"


# ---- what is measured ---------------------------------------------------------------------------


def test_shapes_and_values_where_lengths_are_fixed():
    curve = evaluate(baselines.Random(), "toy/Guess-v0", num_tasks=10, rows_per_task=2, seed=1)
    assert curve.returns.shape == (10, 1) and curve.row_returns.shape == (10, 2, 1)
    assert curve.rewards.shape == (10, 8) and curve.expected_rewards.shape == (10, 8)
    np.testing.assert_array_equal(curve.rewards, curve.expected_rewards)  # arms pay for sure
    np.testing.assert_array_equal(curve.returns, curve.expected_returns)
    np.testing.assert_array_equal(curve.rewards.sum(axis=1), curve.returns[:, 0])
    assert 0 < curve.rewards.mean() < 1
    assert set(np.unique(curve.rewards)) == {0.0, 0.5, 1.0}  # means over the two rows
    np.testing.assert_array_equal(curve.lengths, np.full((10, 2, 1), 8))
    assert curve.success is None and curve.frozen_returns is None


def test_no_rewards_by_step_where_lengths_vary():
    curve = evaluate(Agent(Constant), LENGTHS, num_tasks=8)
    assert curve.rewards is None and curve.expected_rewards is None
    assert curve.expected_returns is None
    np.testing.assert_array_equal(curve.success, np.ones((8, 3)))


def test_success_in_any_step_counts():
    curve = evaluate(Agent(Constant), LENGTHS, num_tasks=8, env_kwargs={"max_episode_steps": 4})
    lengths = np.array([task["length"] for task in curve.tasks])
    assert (lengths > 4).any() and (lengths <= 4).any()
    np.testing.assert_array_equal(curve.success[:, 0], lengths <= 4)
    np.testing.assert_array_equal(curve.lengths[:, 0, 0], np.minimum(lengths, 4))


def test_the_number_of_episodes_is_the_envs_unless_given():
    assert evaluate(Agent(Constant), LENGTHS, num_tasks=2).returns.shape == (2, 3)
    assert evaluate(Agent(Constant), LENGTHS, num_tasks=2, episodes=5).returns.shape == (2, 5)
    kwargs = {"episodes_per_trial": 4}
    curve = evaluate(Agent(Constant), LENGTHS, num_tasks=2, env_kwargs=kwargs)
    assert curve.returns.shape == (2, 4)


def test_the_protocol_says_how_it_came_about():
    agent = small_rl2(BANDIT, **SHORT)
    protocol = evaluate(agent, BANDIT, num_tasks=3, env_kwargs=SHORT, seed=4).protocol
    wanted = {"env": BANDIT, "env_kwargs": SHORT, "split": "test", "num_tasks": 3, "episodes": 1,
              "rows_per_task": 1, "frozen_episodes": 0, "steps": None, "bins": None,
              "deterministic": False, "seed": 4, "num_envs": 256, "training_seed": 0,
              "training_steps": 0, "agent": "RL2"}  # fmt: skip
    assert {key: protocol[key] for key in wanted} == wanted
    assert protocol["metazoo"]
    thompson = evaluate(baselines.Thompson(), BANDIT, num_tasks=2, env_kwargs=SHORT).protocol
    assert thompson["agent"] == repr(baselines.Thompson())


# ---- environments and agents --------------------------------------------------------------------


def test_an_env_may_be_given_in_any_form():
    kwargs: dict[str, Any] = {"longest": 5}
    wanted = evaluate(Agent(Constant), LENGTHS, env_kwargs=kwargs, num_tasks=4)
    venv = gym.make_vec(LENGTHS, num_envs=2, **kwargs)
    for env in (gym.make(LENGTHS, **kwargs), venv, SB3VecEnv(venv)):
        curve = evaluate(Agent(Constant), env, num_tasks=4)
        same(wanted, curve)
        assert curve.protocol["env"] == LENGTHS and curve.protocol["env_kwargs"] == kwargs


SIZES: dict[str, Any] = {"n_steps": 8, "batch_size": 8, "device": "cpu", "seed": 0}


def test_stable_baselines_models_are_agents():
    net: dict[str, Any] = {"net_arch": [4]}
    raw = PPO("MlpPolicy", "toy/Guess-v0", policy_kwargs=dict(net), **SIZES)
    net["lstm_hidden_size"] = 4
    trial = TrialWrapper(gym.make("toy/Guess-v0"))
    recurrent = RecurrentPPO("MlpLstmPolicy", trial, policy_kwargs=net, **SIZES)
    for model in (raw, recurrent):
        curve = evaluate(model, "toy/Guess-v0", num_tasks=12, seed=1)
        assert curve.returns.shape == (12, 1) and 0 < curve.returns.mean() < 8
        assert curve.protocol["agent"] == type(model).__name__
        same(curve, evaluate(model, "toy/Guess-v0", num_tasks=12, num_envs=5, seed=1))
        wrapped = evaluate(baselines.StableBaselines(model), "toy/Guess-v0", num_tasks=12, seed=1)
        same(curve, wrapped)
        assert wrapped.protocol["agent"] == type(model).__name__  # not an address
        certain = evaluate(model, "toy/Guess-v0", num_tasks=12, deterministic=True, seed=1)
        assert certain.protocol["deterministic"] is True


def test_evaluating_leaves_the_agent_and_its_environment_alone():
    agent = small_rl2(LENGTHS)
    observations, _ = agent.venv.reset(seed=0)
    before = {key: value.clone() for key, value in agent.policy.state_dict().items()}
    evaluate(agent, LENGTHS, num_tasks=3)
    assert all(torch.equal(agent.policy.state_dict()[key], value) for key, value in before.items())
    np.testing.assert_array_equal(agent.venv.elapsed, [0, 0])


# ---- what is refused ----------------------------------------------------------------------------


def test_numbers_of_numpy_are_numbers():
    numbers: dict[str, Any] = {"seed": 1, "num_tasks": 5, "episodes": 2, "num_envs": 4}
    wanted = evaluate(baselines.Random(), LENGTHS, **numbers)
    given = {key: np.int64(value) for key, value in numbers.items()}
    curve = evaluate(baselines.Random(), LENGTHS, deterministic=np.bool_(False), **given)
    same(wanted, curve)
    assert curve.protocol == wanted.protocol
    certain = evaluate(Agent(Constant), LENGTHS, num_tasks=2, deterministic=np.bool_(True))
    assert certain.protocol["deterministic"] is True


def test_a_lifetime_is_one_trial_and_any_id_can_be_measured():
    starts, lengths = [], []

    class Watching(InnerLoop):
        def reset(self, rows=None):
            pass

        def act(self, observation, rows=None, deterministic=False):
            return np.zeros(len(self.rows(rows)), dtype=np.int64)

        def observe(self, step, rows=None):
            starts.append(step.infos["trial_start"].sum())
            lengths.append(step.ended.sum())

    class Watcher:
        def inner_loop(self, venv, rows_per_task=1, seed=None):
            return Watching(venv, rows_per_task, seed)

    evaluate(Watcher(), "meta/GridNavi-v0", steps=100, bins=2, num_tasks=2)  # K = 4 of 15 steps
    assert sum(lengths) == 2 * 6
    assert not any(starts)
    curve = evaluate(Watcher(), "CartPole-v1", num_tasks=3, episodes=2)
    assert curve.returns.shape == (3, 2)
    assert curve.protocol["split"] == "all"


def test_an_id_may_name_the_module_that_registers_it():
    plain = evaluate(baselines.Random(), "meta/PointGoal-v0", num_tasks=2)
    named = evaluate(baselines.Random(), "meta_envs:meta/PointGoal-v0", num_tasks=2)
    assert (plain.returns == named.returns).all()
