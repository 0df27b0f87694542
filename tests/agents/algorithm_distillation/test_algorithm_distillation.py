"""Algorithm distillation: what it is shown, its loss by hand, what it learns, what it refuses."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import (
    AlgorithmDistillation,
    Demonstration,
    DemonstrationSet,
    Player,
    baselines,
    evaluate,
    record,
)
from agents.algorithm_distillation.algorithm_distillation import next_action_loss
from agents.algorithm_distillation.windows import Windows
from agents.core.nets.step_inputs import StepInputs
from tests.agents import small, toys  # noqa: F401  register toy/... and small/...

LENGTHS, GUESS, BANDIT = "toy/Lengths-v0", "toy/Guess-v0", "meta/BernoulliBandit-v0"
BOX, CHOICES = spaces.Box(-9.0, 9.0, (1,), np.float32), spaces.Discrete(2)


def histories(*lengths: int) -> DemonstrationSet:
    """Return episodes that count their steps from 1; actions alternate, rewards are ten times."""
    count, found = 0, []
    for length in lengths:
        steps = count + np.arange(1, length + 2)
        found.append(
            Demonstration(
                steps[:, None].astype(np.float32), steps[:-1] % 2, 10.0 * steps[:-1].astype(float)
            )
        )
        count += length
    return DemonstrationSet(found, BOX, CHOICES, {"episodes_per_row": 2})


def make(env: str = GUESS, **given: Any) -> AlgorithmDistillation:
    fewest: dict[str, Any] = {"n_envs": 4, "n_batches": 2, "batch_size": 4, "seed": 0}
    fewest |= {"policy_kwargs": {"hidden_size": 16, "embedding_sizes": (16,)}, "preset": None}
    return AlgorithmDistillation("TransformerPolicy", env, **{**fewest, **given})


def test_a_history_is_shown_as_a_memory_would_have_seen_it() -> None:
    windows = Windows(histories(2, 1, 1, 3), 2, 1, 4, StepInputs(BOX, CHOICES))
    assert windows.lengths.tolist() == [3, 4]
    drawn = torch.tensor([[0, 3], [3, 4]])
    inputs, actions, mask = windows.take(drawn, torch.device("cpu"))
    # observation, one-hot of the last action, last reward, whether an episode starts
    assert inputs[:3, 0].tolist() == [
        [1, 0, 0, 0, 1],
        [2, 0, 1, 10, 0],
        [3, 1, 0, 20, 1],
    ]
    assert inputs[:, 1].tolist() == [
        [4, 0, 0, 0, 1],
        [5, 1, 0, 40, 1],
        [6, 0, 1, 50, 0],
        [7, 1, 0, 60, 0],
    ]
    assert actions.T.tolist()[1] == [0, 1, 0, 1] and actions[:3, 0].tolist() == [1, 0, 1]
    assert mask.sum(dim=0).tolist() == [3, 4]


def test_windows_are_parts_of_one_history_and_episodes_can_be_left_out() -> None:
    builder = StepInputs(BOX, CHOICES)
    windows = Windows(histories(2, 1, 1, 3), 4, 1, 5, builder)
    drawn = windows.draw(np.random.default_rng(0), (200, 1))
    assert {tuple(one) for one in drawn[:, 0].tolist()} == {(0, 5), (1, 5), (2, 5)}
    kept = Windows(histories(2, 1, 1, 3), 4, 2, 5, builder)  # the first and the third
    assert kept.inputs[:, 0].tolist() == [1, 2, 4] and kept.inputs[:, -1].tolist() == [1, 0, 1]
    assert kept.inputs[2, 3] == 20.0  # what the last step that was kept paid


def test_it_learns_from_what_it_will_be_shown() -> None:
    venv = gym.make_vec(LENGTHS, num_envs=3, episodes_per_trial=2)
    agent = make(LENGTHS, env_kwargs={"episodes_per_trial": 2})
    recorded = record(agent, venv, count=2, seed=5)
    windows = Windows(recorded, 2, 1, 99, agent.policy.builder)
    shown: list[Any] = []
    again = record(_Noting(agent, shown), venv, count=2, seed=5)
    assert again.hash == recorded.hash
    for row, (begin, length) in enumerate(zip(windows.begins, windows.lengths, strict=True)):
        seen = np.stack([step[row] for step in shown[:length]])
        np.testing.assert_allclose(windows.inputs[begin : begin + length].numpy(), seen)


class _Noting:
    """Keeps the inputs of an agent's policy."""

    def __init__(self, agent: Any, shown: list[Any]):
        self.agent, self.shown = agent, shown

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> Any:
        loop = self.agent.inner_loop(venv, rows_per_task, seed)
        act = loop.act

        def noted(*given: Any, **more: Any) -> Any:
            action = act(*given, **more)
            self.shown.append(loop.last["inputs"].copy())
            return action

        loop.act = noted
        return loop


def test_the_loss_is_the_mean_surprise_at_the_next_action() -> None:
    given = histories(2, 1)
    agent = AlgorithmDistillation(
        *("TransformerPolicy", "small/Nagging-v0"),
        **{"env_kwargs": {"discrete": True}, "n_envs": 2, "preset": None, "seed": 0},
    )
    window = Windows(given, 1, 1, 2, StepInputs(BOX, CHOICES)).take(
        torch.tensor([[0, 2], [2, 1]]), agent.device
    )
    log_prob = agent.policy.distribution(window.inputs)  # [T, B, A]
    wanted = -(log_prob[0, 0, 1] + log_prob[1, 0, 0] + log_prob[0, 1, 1]) / 3
    torch.testing.assert_close(next_action_loss(agent.policy, window), wanted)
    changed = window.inputs.clone()
    changed[1] += 1.0  # what comes later has no part in what is predicted before
    torch.testing.assert_close(agent.policy.distribution(changed)[0], log_prob[0])


def test_it_learns_to_learn_as_its_teacher_does() -> None:
    """One arm of two pays always: 4 of 8 knowing nothing; the teacher earns 7.5."""
    agent = make(teacher="greedy", n_envs=200, batch_size=32, n_batches=50, learning_rate=3e-3)
    agent.learn(50 * 32 * 8, log_interval=None)
    curve = evaluate(agent, GUESS, num_tasks=400)
    teacher = evaluate(baselines.Greedy(), GUESS, num_tasks=400)
    assert curve.total()[0] > 0.97 * teacher.total()[0] > 7.0
    halves = curve.rewards.mean(axis=0).reshape(2, 4).mean(axis=1)
    assert halves[1] > halves[0] + 0.05


def test_histories_are_those_of_any_learner_in_many_lifetimes(tmp_path: Any) -> None:
    agent = make(
        LENGTHS,
        **{"env_kwargs": {"longest": 2}, "teacher": "a2c", "teacher_kwargs": {"n_steps": 4}},
        **{"n_episodes": 5, "rows_per_task": 2},
    )
    shown = agent.record_teacher()
    assert len(shown) == 4 * 5 and shown.about["episodes_per_row"] == 5
    tasks = [int(one.task["length"]) for one in shown]  # type: ignore[index]
    assert tasks[:10] == tasks[:1] * 10 and tasks[10:] == tasks[10:11] * 10
    shown.save(tmp_path / "histories")
    again = make(
        LENGTHS, env_kwargs={"longest": 2}, histories=str(tmp_path / "histories.zip")
    ).learn(1, log_interval=None)
    assert again._windows.lengths.tolist() == [5 * tasks[0]] * 2 + [5 * tasks[10]] * 2


def test_a_trial_longer_than_the_context_slides_or_is_refused() -> None:
    for beyond, error in (("slide", None), ("error", "context=4 steps, and the trial has")):
        agent = make(BANDIT, env_kwargs={"pulls": 6}, context=4, beyond=beyond, teacher="random")
        agent.learn(1, log_interval=None)
        if error is None:
            assert evaluate(agent, BANDIT, env_kwargs={"pulls": 6}, num_tasks=3).rewards.shape[1]
            continue
        venv = gym.make_vec(BANDIT, num_envs=2, pulls=6)
        player = Player(venv, agent.inner_loop(venv, seed=0))
        player.reset(0)
        with pytest.raises(ValueError, match=error):
            for _ in range(6):
                player.step()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="teacher='pp' is unknown.*did you mean 'ppo'"):
        make(teacher="pp").make_teacher()
    with pytest.raises(ValueError, match="'rl2' does not begin to learn in each task"):
        make(teacher="rl2").make_teacher()
    shown = record(baselines.Random(), gym.make_vec(GUESS, num_envs=2), count=3)
    with pytest.raises(ValueError, match="6 episodes, which is no multiple of n_episodes=4"):
        make(histories=shown, n_episodes=4)
    with pytest.raises(ValueError, match="has no rewards"):
        make(histories=shown.without(rewards=True))
    with pytest.raises(ValueError, match="do not say how many episodes"):
        nameless = DemonstrationSet(shown.episodes, shown.observation_space, shown.action_space)
        make(histories=nameless)
    with pytest.raises(ValueError, match="the histories are of Discrete"):
        make(LENGTHS, histories=shown)
    with pytest.raises(TypeError, match="histories=3 must be"):
        make(histories=3)
