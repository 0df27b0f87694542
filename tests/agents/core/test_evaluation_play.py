"""How episodes are played: what an inner loop is asked and told, in which order, and counted."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from agents import RL2, evaluate
from agents.core.play.recurrent import RecurrentInnerLoop
from agents.core.play.view import MAY_READ, RowsView
from tests.agents import toys  # noqa: F401  registers "toy/..."
from tests.agents.core.inner_loops import Agent, Constant, Recorder


def recorded(env, **arguments):
    """Evaluate a recorder; all rows in one chunk."""
    agent = Agent()
    curve = evaluate(agent, env, **arguments)
    (loop,) = agent.loops
    return curve, loop


def ended_before_each_act(loop):
    """Yield (rows, what they saw, episodes ended by every row so far) at each `act`."""
    ended = np.zeros(loop.num_rows, dtype=int)
    for name, rows, seen in loop.calls:
        if name == "act":
            yield rows, seen["observation"], ended.copy()
        elif name == "observe":
            ended[np.array(rows)[seen["ended"]]] += 1


def test_success_that_shortens_an_episode_does_not_bias_the_estimate():
    wanted = 0.3
    venv = gym.make_vec("toy/Hasty-v0", num_envs=256)
    venv.reset(seed=0)
    finished: list[float] = []  # the naive way: the first episodes to end
    while len(finished) < 100:
        _, _, terminated, _, infos = venv.step(np.full(256, 5))
        finished += infos["success"][terminated].tolist()
    finished = finished[:100]
    naive_error = np.sqrt(wanted * (1 - wanted) / 100)
    assert np.mean(finished) - wanted > 5 * naive_error
    curve = evaluate(Agent(Constant), "toy/Hasty-v0", num_tasks=1500, seed=1)
    assert curve.success is not None and curve.success.shape == (1500, 2)
    error = np.sqrt(wanted * (1 - wanted) / curve.success.size)
    assert abs(curve.success.mean() - wanted) < 3 * error
    np.testing.assert_array_equal(curve.returns, curve.success)
    np.testing.assert_array_equal(curve.lengths[:, 0], np.where(curve.success > 0, 3, 12))


def test_a_row_acts_until_its_own_episodes_are_over():
    curve, loop = recorded("toy/Lengths-v0", num_tasks=6, seed=1)
    lengths = np.array([task["length"] for task in curve.tasks])
    assert len(set(lengths.tolist())) > 2
    np.testing.assert_array_equal(curve.lengths, np.tile(lengths[:, None, None], (1, 1, 3)))
    np.testing.assert_array_equal(curve.returns[:, 0], lengths * (lengths + 1) / 2)
    acted = np.zeros(6, dtype=int)
    for rows, _ in loop.named("act"):
        acted[rows] += 1
    np.testing.assert_array_equal(acted, 3 * lengths)


def test_observe_follows_every_act_with_the_same_rows():
    _, loop = recorded("toy/Lengths-v0", num_tasks=6, frozen_episodes=1, seed=1)
    names = [name for name, _, _ in loop.calls if name in ("act", "observe")]
    assert names == ["act", "observe"] * (len(names) // 2)
    for (rows, shown), (again, seen) in zip(loop.named("act"), loop.named("observe"), strict=True):
        assert rows == again
        np.testing.assert_array_equal(shown["observation"], seen["observation"])
        sizes = {len(seen[key]) for key in ("action", "reward", "ended", "next_observation")}
        assert sizes == {len(rows)}
        assert {len(part) for part in seen["infos"].values()} == {len(rows)}


@pytest.mark.parametrize("rows_per_task", [1, 3])
def test_observe_gets_the_true_successor_and_act_the_next_first_observation(rows_per_task):
    curve, loop = recorded("toy/Lengths-v0", num_tasks=4, rows_per_task=rows_per_task, seed=1)
    length = np.repeat([task["length"] for task in curve.tasks], rows_per_task)
    step = np.zeros(len(length))  # the observation is the step's number
    for rows, seen in loop.named("observe"):
        np.testing.assert_array_equal(seen["observation"][:, 0], step[rows])
        step[rows] += 1
        np.testing.assert_array_equal(seen["next_observation"][:, 0], step[rows])
        np.testing.assert_array_equal(seen["reward"], step[rows])
        np.testing.assert_array_equal(seen["ended"], step[rows] == length[rows])
        step[np.array(rows)[seen["ended"]]] = 0


def test_rows_of_a_task_play_in_rounds():
    curve, loop = recorded("toy/Hasty-v0", num_tasks=5, rows_per_task=3, episodes=4, seed=2)
    lengths = curve.lengths  # [N, R, K]
    assert (lengths.min(axis=1) < lengths.max(axis=1)).any()  # some do wait
    steps = np.zeros((15, 4), dtype=int)
    for rows, shown, ended in ended_before_each_act(loop):
        by_task = ended.reshape(5, 3)
        for row, observation in zip(rows, shown[:, 0], strict=True):
            assert ended[row] == by_task[row // 3].min()  # nobody is an episode ahead
            assert observation == steps[row, ended[row]]  # which begins with its round
            steps[row, ended[row]] += 1
    np.testing.assert_array_equal(steps.reshape(5, 3, 4), lengths)
    # A task takes as long as its rounds; other tasks do not matter.
    acts = {task: 0 for task in range(5)}
    for rows, _ in loop.named("act"):
        for task in {row // 3 for row in rows}:
            acts[task] += 1
    assert list(acts.values()) == lengths.max(axis=1).sum(axis=1).tolist()


def test_rows_are_task_major_and_share_a_learner():
    curve, loop = recorded("toy/Lengths-v0", num_tasks=4, rows_per_task=3, seed=1)
    assert (loop.num_rows, loop.rows_per_task) == (12, 3)
    lengths = [task["length"] for task in curve.tasks]
    assert len(set(lengths)) > 1
    np.testing.assert_array_equal(curve.lengths[:, :, 0], np.tile(lengths, (3, 1)).T)
    assert curve.row_returns.shape == (4, 3, 3)
    np.testing.assert_array_equal(curve.returns, curve.row_returns.mean(axis=1))


@pytest.mark.parametrize("rows_per_task", [1, 3])
def test_the_learner_is_reset_once_and_frozen_once_after_all_episodes(rows_per_task):
    arguments = {"num_tasks": 4, "rows_per_task": rows_per_task, "episodes": 2, "seed": 2}
    curve, loop = recorded("toy/Hasty-v0", frozen_episodes=3, **arguments)
    rows = list(range(4 * rows_per_task))
    assert loop.named("reset") == [(rows, None)] and loop.named("freeze") == [(rows, None)]
    assert loop.calls[0][0] == "reset"
    frozen_at = [name for name, _, _ in loop.calls].index("freeze")
    ended = np.zeros((2, len(rows)), dtype=int)
    for place, (name, which, seen) in enumerate(loop.calls):
        if name == "observe":
            ended[int(place > frozen_at), np.array(which)[seen["ended"]]] += 1
    assert ended.tolist() == [[2] * len(rows), [3] * len(rows)]
    assert curve.returns.shape == (4, 2) and curve.frozen_returns.shape == (4, 3)
    alone, _ = recorded("toy/Hasty-v0", **arguments)
    np.testing.assert_array_equal(curve.returns, alone.returns)  # kept apart
    np.testing.assert_array_equal(curve.lengths, alone.lengths)
    assert alone.frozen_returns is None
    np.testing.assert_array_equal(curve.frozen_returns, curve.frozen_success)


def test_without_frozen_episodes_nothing_is_frozen():
    _, loop = recorded("toy/Lengths-v0", num_tasks=2)
    assert loop.named("freeze") == []


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_inner_loop_is_told_how_to_act(deterministic):
    _, loop = recorded("toy/Guess-v0", num_tasks=2, deterministic=deterministic)
    assert {seen["deterministic"] for _, seen in loop.named("act")} == {deterministic}


class Reading(Constant):
    """Plays the task's arm, which it reads where an oracle does."""

    def act(self, observation, rows=None, deterministic=False):
        return self.venv.tasks["arm"][self.rows(rows)]


class Oracle(Reading):
    reads_task = True


def test_only_oracles_read_tasks():
    with pytest.raises(PermissionError, match="read 'tasks' .*reads_task = True"):
        evaluate(Agent(Reading), "toy/Guess-v0", num_tasks=3)
    curve = evaluate(Agent(Oracle), "toy/Guess-v0", num_tasks=8, num_envs=3)
    np.testing.assert_array_equal(curve.returns, np.full((8, 1), 8.0))


def test_nobody_is_told_the_task_by_a_step():
    for env in ("toy/Guess-v0", "meta/DependentBandit-v0", "meta/GridNavi-v0"):
        _, loop = recorded(env, num_tasks=2)
        assert {"task", "tasks"}.isdisjoint(
            key for _, seen in loop.named("observe") for key in seen["infos"]
        )


@pytest.mark.parametrize(
    "name",
    ["unwrapped", "state", "sample_tasks", "set_tasks", "reset", "step", "advance", "render",
     "render_row", "random", "env", "_clock", "get_state", "elapsed", "spec", "splits", "_venv"],
)  # fmt: skip
def test_no_other_way_leads_to_the_task(name):
    view = RowsView(gym.make_vec("meta/GridNavi-v0", num_envs=2))
    for loop in (Reading, Oracle):
        view.show_tasks_to(loop)
        with pytest.raises(AttributeError, match=f"read '{name}' .*may read num_envs, "):
            getattr(view, name)
    with pytest.raises(AttributeError):
        setattr(view, name, None)


@pytest.mark.parametrize("name", ["tasks", "unwrapped"])
def test_a_learner_that_peeks_in_training_is_caught(name, monkeypatch):
    def peek(self, rows=None):
        getattr(self.venv, name)

    monkeypatch.setattr(RecurrentInnerLoop, "reset", peek)
    agent = RL2("GruPolicy", "toy/Lengths-v0", n_envs=2, policy_kwargs={"hidden_size": 4}, seed=0)
    with pytest.raises((AttributeError, PermissionError), match=f"a learner read '{name}'"):
        agent.learn(10)


def test_an_expert_answers_only_those_that_read_tasks():
    venv = gym.make_vec("meta/PointGoal-v0", num_envs=1)
    shown, _ = venv.reset(seed=0)
    task = {key: part[0] for key, part in venv.tasks.items()}
    view = RowsView(venv)
    with pytest.raises(PermissionError, match="read 'expert'"):
        view.expert(shown[0], task)
    view.show_tasks_to(Oracle)
    np.testing.assert_array_equal(view.expert(shown[0], task), venv.expert(shown[0], task))
    assert not hasattr(RowsView(gym.make_vec("toy/Guess-v0", num_envs=1)), "expert")


def test_a_view_shows_spaces_and_rows():
    venv = gym.make_vec("meta/GridNavi-v0", num_envs=2)
    view = RowsView(venv)
    assert view.num_envs == 2 and view.single_action_space == venv.single_action_space
    assert view.episodes_per_trial == 4
    assert all(getattr(view, name) == getattr(venv, name) for name in MAY_READ)
    assert str(view) == str(venv)
    assert not hasattr(view, "nonsense")


def test_a_lifetime_is_summed_in_bins():
    curve, loop = recorded("toy/Lengths-v0", num_tasks=5, steps=30, bins=3, seed=1)
    lengths = np.array([task["length"] for task in curve.tasks])
    rewards = np.arange(30)[None] % lengths[:, None] + 1.0
    np.testing.assert_array_equal(curve.returns, rewards.reshape(5, 3, 10).sum(axis=2))
    np.testing.assert_array_equal(curve.rewards, rewards)
    np.testing.assert_array_equal(curve.lengths, np.full((5, 1, 3), 10))
    assert len(loop.named("act")) == 30 and loop.named("reset") == [([0, 1, 2, 3, 4], None)]
    assert (curve.protocol["steps"], curve.protocol["bins"]) == (30, 3)


def test_a_lifetime_of_rows_that_share_a_learner():
    curve, loop = recorded("toy/Hasty-v0", num_tasks=2, rows_per_task=3, steps=60, bins=2)
    assert curve.row_returns.shape == (2, 3, 2)
    assert all(rows == list(range(6)) for rows, _ in loop.named("act"))


def test_recorders_see_the_seed_of_their_rows():
    agent = Agent(Recorder)
    evaluate(agent, "toy/Guess-v0", num_tasks=5, rows_per_task=2, num_envs=4, seed=3)
    assert [loop.num_rows for loop in agent.loops] == [4, 4, 2]
    first = agent.loops[0].seed
    assert [loop.seed - first for loop in agent.loops] == [0, 4, 8]
