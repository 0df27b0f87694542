"""MLSH's parts: phases of groups, slices of masters, steps of sub-policies, by hand."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import MLSH
from agents.core.play.player import Player
from agents.core.play.view import open_loop
from agents.mlsh.groups import Groups
from agents.mlsh.networks import HierarchyNetwork, moments_of
from agents.mlsh.training import by_sub_policy, steps_of

BANDITS, ROOMS = "meta/MovingBandits-v0", "meta/FourRooms-v0"


def make(env: Any = BANDITS, **given: Any) -> MLSH:
    small: dict[str, Any] = {
        "n_envs": 6,
        "rows_per_task": 2,
        "n_steps": 7,
        "macro_length": 3,
        "warmup_updates": 1,
    }
    small |= {"n_epochs": 1, "n_minibatches": 2, "policy_kwargs": {"net_arch": (4,)}, "seed": 0}
    return MLSH("MlpPolicy", env, preset=None, **{**small, **given})


def test_groups_warm_up_in_turn() -> None:
    groups = Groups(count=4, warmup=3, joint=1)  # of period 4: delays 0, 1, 2, 3
    assert groups.delays.tolist() == [0, 1, 2, 3]
    joint = np.stack([groups.phase(i).joint for i in range(20)])
    for group in range(4):  # the first joint update after a whole warm-up and the delay
        assert np.flatnonzero(joint[:, group]).tolist() == list(range(3 + group, 20, 4))
    assert (joint[3:].sum(axis=1) == 1).all()
    fresh = np.stack([groups.phase(i).fresh for i in range(20)])
    assert fresh[0].all()
    for group in range(4):
        assert np.flatnonzero(fresh[1:, group]).tolist() == list(range(3 + group, 19, 4))
    assert Groups(20, 9, 1).delays.tolist() == [g // 2 for g in range(20)]
    assert Groups(2, 0, 3).phase(0).joint.tolist() == [True, False]


def test_tasks_change_with_masters_and_are_shared_out() -> None:
    groups, venv = Groups(count=4, warmup=1, joint=1), gym.make_vec(BANDITS, num_envs=1)
    goals = np.stack([groups.tasks(venv, i, 5, "goal")["goal"] for i in range(12)])
    for one, other in ((0, 1), (2, 3)):  # begin together
        assert (goals[:, one] != goals[:, other]).all()
    fresh = np.stack([groups.phase(i).fresh for i in range(12)])
    assert ((goals[1:] == goals[:-1]) | fresh[1:]).all() and len(np.unique(goals, axis=0)) > 1
    free = [groups.tasks(venv, i, 5, None)["goal"] for i in range(40)]
    assert 0.2 < np.mean(free) < 0.8 and any(one[0] == one[1] for one in free)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_share_of_choices_is_random_and_probabilities_say_so(share: float) -> None:
    network = HierarchyNetwork(
        spaces.Box(-1, 1, (2,)), spaces.Discrete(3), exploration=share, net_arch=(4,)
    )
    params, shown = network.begin([0]) * 30, torch.randn(1, 5, 2)
    plain = HierarchyNetwork(spaces.Box(-1, 1, (2,)), spaces.Discrete(3), net_arch=(4,))
    found = network.forward(params, shown, of="policy")["policy"].exp()
    wanted = plain.forward(params, shown, of="policy")["policy"].exp() * (1 - share) + share / 3
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(found.sum(-1), torch.ones(1, 5))


def test_only_vectors_of_floats_are_standardised() -> None:
    assert moments_of(spaces.Box(-1, 1, (2, 3))).size == 6  # type: ignore[union-attr]
    assert moments_of(spaces.Discrete(3)) is None
    assert moments_of(spaces.Box(0, 255, (4, 4, 3), np.uint8)) is None


def played(agent: MLSH, env: Any, steps: int) -> tuple[Any, list[Any]]:
    """Play with new masters, which learn when they are told to."""
    loop = open_loop(agent, env, agent.rows_per_task, 3, training=True)
    player = Player(env, loop)
    player.reset(1)
    seen = []
    for _ in range(steps):
        step = player.step()
        seen.append((loop.choices.copy(), step))
    return loop, seen


def test_slices_begin_with_episodes_and_add_up_their_rewards() -> None:
    """Episodes of 5 steps in slices of 3: 3 and 2, and in 7 steps of an iteration 3, 2 and 2."""
    agent, env = make(), gym.make_vec(BANDITS, num_envs=6, steps=5)
    env.reset(seed=0)
    loop, seen = played(agent, env, 7)
    choices = np.stack([one[0] for one in seen])
    for begin, end in ((0, 3), (3, 5), (5, 7)):
        assert (choices[begin:end] == choices[begin]).all()
    unroll = loop.masters.kept.unroll(np.arange(3), 3)
    assert unroll.mask.shape == (3, 3, 2) and (unroll.mask == 1).all()
    flat = torch.from_numpy(choices[[0, 3, 5]]).reshape(3, 3, 2)
    assert torch.equal(unroll.actions, flat)
    rewards = np.stack([step.reward for _, step in seen])
    sums = [rewards[a:b].sum(axis=0) for a, b in ((0, 3), (3, 5), (5, 7))]
    np.testing.assert_allclose(unroll.rewards.reshape(3, 6), sums)
    assert (unroll.alive[1] == 0).all() and (unroll.alive[[0, 2]] == 1).all()
    firsts = np.stack([seen[t][1].observation for t in (0, 3, 5)])
    np.testing.assert_array_equal(unroll.inputs[:3].reshape(3, 6, 6), firsts)
    np.testing.assert_array_equal(unroll.inputs[3].reshape(6, 6), seen[6][1].next_observation)


def test_advantages_take_values_from_the_sub_policy_that_acts_there() -> None:
    agent = make(gamma=0.9, gae_lambda=0.8, n_sub_policies=3)
    env = gym.make_vec(BANDITS, num_envs=6, steps=5)
    loop, seen = played(agent, env, 7)
    rows = np.array([0, 1, 4])
    steps = steps_of(loop, rows, 0.9, 0.8)
    params = agent._sub_policies.tensors["policy"]

    def value(observation: np.ndarray, choice: int) -> float:
        inputs = torch.from_numpy(observation)[None, None].expand(3, 1, -1)
        return float(agent.network.forward(params, inputs, of="value")["value"][choice, 0])

    for place, row in enumerate(rows):
        carried = 0.0
        for t in reversed(range(7)):
            choices, step = seen[t]
            after = seen[min(t + 1, 6)][0][row]
            ended = bool(step.terminated[row])
            ahead = 0.0 if ended else value(step.next_observation[row], after)
            now = value(step.observation[row], choices[row])
            delta = step.reward[row] + 0.9 * ahead - now
            carried = delta + (0.0 if ended else 0.9 * 0.8 * carried)
            at = t * 3 + place
            assert float(steps["advantages"][at]) == pytest.approx(carried, abs=1e-5)
            assert float(steps["targets"][at]) == pytest.approx(carried + now, abs=1e-5)
            assert int(steps["choices"][at]) == choices[row]


def test_each_sub_policy_learns_from_its_own_steps() -> None:
    steps = {
        "inputs": torch.arange(6.0)[:, None],
        "choices": torch.tensor([1, 0, 1, 1, 0, 1]),
        "advantages": torch.tensor([1.0, 5.0, 2.0, 3.0, 7.0, 6.0]),
    }
    batch = by_sub_policy(steps, 3)
    assert batch["mask"].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert batch["inputs"][0, :2, 0].tolist() == [1, 4]
    assert batch["inputs"][1, :, 0].tolist() == [0, 2, 3, 5]
    torch.testing.assert_close(batch["advantages"][0, :2], torch.tensor([-1.0, 1.0]))
    spread = math.sqrt((4 + 1 + 0 + 9) / 4)
    wanted = torch.tensor([-2.0, -1.0, 0.0, 3.0]) / spread
    torch.testing.assert_close(batch["advantages"][1], wanted)


def test_sub_policies_without_steps_and_masters_of_others_stay_as_they_are() -> None:
    agent = make(env_kwargs={"steps": 7}, n_sub_policies=2, warmup_updates=2)
    before = {k: v.clone() for k, v in agent._sub_policies.tensors.items()}
    agent.learn(2 * 42, log_interval=None)  # warm-up of all groups
    for name, part in agent._sub_policies.tensors.items():
        assert torch.equal(part, before[name])
    loop = agent.inner_loop(agent.venv, 2, 0, training=True)
    assert loop.masters.learners["policy"].shape[0] == 3
    agent.learn(42, log_interval=None, reset_num_timesteps=False)
    assert not torch.equal(agent._sub_policies.tensors["policy"], before["policy"])
    steps = {name: part[:1] for name, part in agent._sub_policies.tensors.items()}
    assert steps["updates"].shape == (1,)


def test_masters_and_their_optimisers_begin_anew_with_each_task() -> None:
    agent = make(env_kwargs={"steps": 7}, warmup_updates=1, joint_updates=2)  # delays 0, 1, 2
    agent.learn(3 * 42, log_interval=None)
    taken = agent._masters.tensors["optimizer.steps"].clone()
    assert taken.tolist() == [3.0, 3.0, 3.0]  # one minibatch in one pass, three times
    agent.learn(42, log_interval=None, reset_num_timesteps=False)
    assert agent._masters.tensors["optimizer.steps"].tolist() == [1.0, 4.0, 4.0]
