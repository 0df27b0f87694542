import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import RL2
from agents.core.play.player import StoppedError
from agents.core.play.trials import TrialCollector
from tests.agents import toys  # noqa: F401  registers toy/...


def _collect(n_envs=5, n_trials=2, seed=3, box=False):
    agent = RL2(
        "GruPolicy",
        "toy/Lengths-v0",
        env_kwargs={"box": box},
        n_envs=n_envs,
        policy_kwargs={"hidden_size": 8},
        seed=0,
    )
    counts = []
    collector = TrialCollector(agent.venv, n_trials)
    loop = agent.inner_loop(agent.venv, seed=1)
    trials = collector.collect(loop, seed, lambda step: counts.append(step.count) or True)
    return agent, trials, counts


def test_every_column_is_one_whole_trial_of_its_task():
    n_envs, n_trials = 5, 2
    _, trials, counts = _collect(n_envs, n_trials)
    assert trials.mask.shape[1] == n_envs * n_trials
    for column in range(n_envs * n_trials):
        played = int(trials.mask[:, column].sum())
        ends = np.flatnonzero(trials.ends[:played, column].numpy())
        length = ends[0] + 1
        assert played == 3 * length, "three episodes of the task's length"
        np.testing.assert_array_equal(ends, length * np.arange(1, 4) - 1)
        steps = trials.rewards[:played, column].numpy()
        np.testing.assert_array_equal(steps, np.tile(np.arange(1, length + 1), 3))
    assert sum(counts) == trials.num_steps, "masked rows are not counted"


def test_columns_hold_the_tasks_that_the_environment_drew():
    n_envs, n_trials, seed = 4, 3, 11
    _, trials, _ = _collect(n_envs, n_trials, seed)
    for row in range(n_envs):
        env = gym.make("toy/Lengths-v0")
        for trial in range(n_trials):
            for episode in range(3):
                _, info = env.reset(seed=seed + row if trial == episode == 0 else None)
                length = int(info["task"]["length"])
                for _ in range(length):
                    env.step(0)
            column = trial * n_envs + row
            assert int(trials.mask[:, column].sum()) == 3 * length


def test_inputs_show_the_past_and_no_dead_transition():
    _, trials, _ = _collect()
    observation, actions, reward, start = (
        trials.inputs[..., :1],
        trials.inputs[..., 1:4],
        trials.inputs[..., 4],
        trials.inputs[..., 5],
    )
    played = trials.mask > 0
    first = torch.zeros_like(played)
    first[0] = True
    assert (start[0] == 1).all() and (reward[0] == 0).all() and (actions[0] == 0).all()
    later = played & ~first
    before = torch.roll(trials.rewards, 1, 0)
    torch.testing.assert_close(reward[later], before[later])
    one_hot = torch.nn.functional.one_hot(torch.roll(trials.actions, 1, 0), 3).float()
    torch.testing.assert_close(actions[later], one_hot[later])
    ended = torch.roll(trials.ends, 1, 0)
    assert torch.equal(start[later] > 0, ended[later])
    assert (observation[..., 0][played & (start > 0)] == 0).all(), "an episode's first observation"
    at_end = trials.ends & played
    assert (observation[..., 0][at_end] == trials.rewards[at_end] - 1).all(), "never the final one"


def test_continues_is_zero_only_at_the_last_step_of_a_trial():
    _, trials, _ = _collect()
    lengths = trials.mask.sum(0).long()
    for column, length in enumerate(lengths.tolist()):
        continues = trials.continues[:, column]
        assert (continues[: length - 1] == 1).all() and (continues[length - 1 :] == 0).all()


def test_episode_returns_are_those_of_the_task():
    _, trials, _ = _collect()
    length = (trials.mask.sum(0) / 3).double()
    expected = (length * (length + 1) / 2).expand(3, -1)
    torch.testing.assert_close(trials.episode_returns(3).double(), expected)


def test_collecting_again_with_the_seed_gives_the_same_trials():
    for box in (False, True):
        _, one, _ = _collect(box=box)
        _, other, _ = _collect(box=box)
        assert torch.equal(one.inputs, other.inputs) and torch.equal(one.actions, other.actions)


def test_stopping_in_the_middle_drops_what_was_collected():
    agent, _, _ = _collect()
    collector = TrialCollector(agent.venv, 1)
    with pytest.raises(StoppedError):
        collector.collect(agent.inner_loop(agent.venv), 0, lambda step: False)
