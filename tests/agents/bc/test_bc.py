"""Behaviour cloning: its loss by hand, what it learns, and what it refuses."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import BC, Demonstration, DemonstrationSet, baselines, evaluate, record
from agents.bc.bc import cloning_loss

ROOMS, GOAL = "meta/FourRooms-v0", "meta/PointGoal-v0"


def make(env: str = GOAL, **given: Any) -> BC:
    small: dict[str, Any] = {
        "n_envs": 3,
        "n_episodes": 1,
        "n_batches": 4,
        "batch_size": 8,
        "seed": 0,
    }
    small |= {"policy_kwargs": {"net_arch": (8,)}}
    return BC("MlpPolicy", env, preset=None, **{**small, **given})


def test_the_loss_is_minus_the_log_probability_of_what_was_done() -> None:
    policy = make(ROOMS).policy
    inputs, actions = policy.inputs(np.array([0, 5])), torch.tensor([2, 1])
    chances = torch.softmax(policy.head.logits(torch.tanh(policy.layers[0](inputs))), dim=1)
    wanted = -(chances[0, 2].log() + chances[1, 1].log()) / 2
    torch.testing.assert_close(cloning_loss(policy, inputs, actions), wanted)
    policy = make(GOAL).policy
    inputs, actions = policy.inputs(np.ones((1, 2), np.float32)), torch.tensor([[0.3, -0.2]])
    means = policy.head.means(torch.tanh(policy.layers[0](inputs)))
    wanted = 0.5 * (actions - means).square().sum() + np.log(2 * np.pi)
    torch.testing.assert_close(cloning_loss(policy, inputs, actions), wanted.to(torch.float32))


def test_it_does_what_it_was_shown_in_one_task() -> None:
    """Without slips one way leads to the goal; a clone takes it, drawing its actions too."""
    tasks = [{"goal": 30}] * 2
    venv = gym.make_vec(ROOMS, num_envs=2, slip=0.0)
    shown = record(baselines.Expert(), venv, count=1, seed=0, tasks=tasks)
    length = len(shown.episodes[0])
    kwargs: dict[str, Any] = {"slip": 0.0, "max_episode_steps": length}
    agent = make(ROOMS, env_kwargs=kwargs, demonstrations=shown, learning_rate=0.03)
    agent.learn(32 * 15, log_interval=None)
    assert agent.latest["loss"] < 0.05
    env: Any = gym.make_vec(ROOMS, num_envs=1, **kwargs)
    env.set_tasks(tasks[:1])
    seen, _ = env.reset(seed=0)
    for t in range(length):
        assert seen[0] == shown.episodes[0].observations[t]
        seen, reward, *_ = env.step(agent.predict(seen, deterministic=True)[0])
    assert reward[0] == 1.0


def test_without_being_told_the_task_it_does_what_is_usual() -> None:
    """Two goals left and right of a start, shown equally often: half of the way is all there is."""
    seen, done = np.zeros((2, 2), np.float32), np.array([[0.5, 0.0]], np.float32)
    space: Any = gym.spaces.Box(-1.0, 1.0, (2,))
    both = [Demonstration(seen, sign * done) for sign in (1.0, -1.0)] * 4
    env: Any = gym.make_vec(GOAL, num_envs=1)
    shown = DemonstrationSet(both, env.single_observation_space, space)
    agent = make(demonstrations=shown, learning_rate=0.02).learn(32 * 20, log_interval=None)
    action = agent.predict(seen[:1], deterministic=True)[0][0]
    assert abs(action[0]) < 0.2
    assert agent.policy.head.log_std.exp()[0].item() == pytest.approx(0.5, abs=0.2)
    assert agent.policy.head.log_std.exp()[1].item() < 0.3


def test_it_goes_on_with_the_same_demonstrations_only(tmp_path: Any) -> None:
    agent = make().learn(32, log_interval=None)
    agent.save(tmp_path / "a")
    other = record(baselines.Random(), gym.make_vec(GOAL, num_envs=2), seed=9)
    other.save(tmp_path / "shown")
    again = BC.load(tmp_path / "a").learn(32, log_interval=None)  # records the same again
    assert again._trained_on == agent._trained_on
    changed = BC.load(tmp_path / "a", demonstrations=str(tmp_path / "shown.zip"))
    with pytest.raises(ValueError, match="has learnt from other demonstrations"):
        changed.learn(32, log_interval=None)
    assert evaluate(agent, GOAL, num_tasks=2).returns.shape == (2, 3)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="has no expert to record; give demonstrations="):
        make("meta/BernoulliBandit-v0")
    with pytest.raises(TypeError, match="demonstrations=3 must be"):
        make(demonstrations=3)
    shown = record(baselines.Random(), gym.make_vec(ROOMS, num_envs=1, max_episode_steps=3))
    with pytest.raises(ValueError, match="the demonstrations are of Discrete"):
        make(GOAL, demonstrations=shown)
    with pytest.raises(ValueError, match="has no actions"):
        make(ROOMS, demonstrations=shown.without(actions=True))
