"""MFEC and NEC: returns by hand, choices, checkpoints, and what they learn."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import MFEC, NEC, Player, evaluate
from agents.core.nets.dnd import DND
from agents.episodic.network import EpsilonGreedy, KeyNetwork, RandomProjection
from agents.episodic.pending import Pending, Waiting
from agents.episodic.rule import MFECRule, NECRule

LINE = spaces.Box(-9, 9, (2,), np.float32), spaces.Discrete(2)


def rule(kind=MFECRule, **more):
    network = KeyNetwork(*LINE, key_size=3, net_arch=(4,)) if kind is NECRule else None
    given = {
        "network": network or RandomProjection(*LINE, key_size=3),
        **{"n_steps": 1, "gamma": 0.5, "horizon": None, "neighbours": 2, "capacity": 9},
        **{"epsilons": (1.0, 0.0), "epsilon_steps": 4},
    }
    return kind(**{**given, **more})


def waiting(reward, value=0.0):
    return Waiting(torch.zeros(1), torch.zeros(1), 0, reward, value)


def test_returns_are_those_of_whole_episodes_or_closed_by_a_value():
    whole = Pending(2, None, 0.5)
    for reward in (1.0, 2, 4):
        assert whole.add(1, waiting(reward)) == []
    assert [one.target for one in whole.end(1, 8.0)] == [8.0, 6.0, 4.0]  # the last first
    some = Pending(1, 2, 0.5)
    assert some.add(0, waiting(1.0)) == [] and some.add(0, waiting(2.0)) == []
    (known,) = some.add(0, waiting(4.0, value=16.0))
    assert (known.step.reward, known.target) == (1.0, 1 + 0.5 * 2 + 0.25 * 16)
    again = Pending(1, 2, 0.5)
    again.set_state(some.state())
    assert [one.target for one in again.end(0, 0.0)] == [4.0, 4.0]
    with pytest.raises(ValueError, match="this agent has 2 rows"):
        whole.set_state(some.state())


def test_a_choice_is_the_best_one_at_random_among_equals():
    head, values = EpsilonGreedy(3, 0), torch.tensor([[1.0, 3, 3], [2, 0, 0]]).repeat(500, 1)
    noise = torch.rand(1000, 2, generator=torch.Generator().manual_seed(0))
    chosen = head.choose(values, noise, 0.0)
    assert set(chosen[::2].tolist()) == {1, 2} and set(chosen[1::2].tolist()) == {0}
    assert 0.4 < (chosen[::2] == 1).float().mean() < 0.6
    assert set(head.choose(values, noise, 1.0)[1::2].tolist()) == {0, 1, 2}
    assert head.choose(values, None, 1.0)[:2].tolist() == [1, 0]
    inf = torch.tensor([[torch.inf, 0.0, torch.inf]])
    assert head.choose(inf, None, 0.0).tolist() == [0]
    assert rule().epsilon(1) == 0.75 and rule().epsilon(9) == 0.0


def test_mfec_recalls_what_it_knows_and_averages_what_it_does_not():
    store = DND(1, 2, 9, 2)
    keys = torch.tensor([[0.0, 0], [1, 0], [5, 0]])
    store.write(0, 1, keys, torch.tensor([1.0, 2, 30]))
    values, _, best = rule().read(store, 0, torch.tensor([[1.0, 0], [0.4, 0], [9, 0]]))
    assert torch.equal(values[:, 1], torch.tensor([2.0, 1.5, 16.0]))
    assert values[:, 0].isinf().all() and torch.equal(best, values[:, 1])
    assert rule().read(DND(1, 2, 9, 2), 0, keys)[2].tolist() == [0, 0, 0]


def test_nec_weighs_its_neighbours_by_the_kernel():
    store = DND(1, 2, 9, 2)
    store.write(0, 1, torch.tensor([[0.0, 0], [1, 0]]), torch.tensor([1.0, 2]))
    values, _, _ = rule(NECRule, delta=1.0).read(store, 0, torch.tensor([[0.0, 0]]))
    torch.testing.assert_close(values[0, 1], torch.tensor((1.0 + 2 * 0.5) / 1.5))


def test_a_gradient_step_of_nec_is_that_of_finite_differences():
    made = rule(NECRule, neighbours=3, learning_rate=1.0, store_rate=1.0, delta=0.5)
    params = made.network.begin([0])
    batch = {
        "inputs": np.array([[1.0, 2], [0, 1], [2, 2]], np.float32),
        "actions": np.array([0.0, 1, 0], np.float32),
        "targets": np.array([1.0, -1, 2], np.float32),
    }

    def stored():
        store = DND(1, 2, 9, 3)
        keys = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
        store.write(0, 0, keys[:3], torch.tensor([0.0, 1, 2]))
        store.write(0, 1, keys[3:], torch.tensor([3.0, 4, 5]))
        return store

    def loss(params, store):
        return made.update(params, torch.zeros_like(params), store, 0, batch)[2]

    store = stored()
    after, squares, before = made.update(params, torch.zeros_like(params), store, 0, batch)
    gradient = (squares / 0.1).sqrt()  # RMSProp's mean squares after one step
    for index in (0, 5, int(gradient.argmax())):
        step = torch.zeros_like(params)
        step[0, index] = 1e-2
        slope = (loss(params + step, stored()) - loss(params - step, stored())) / 2e-2
        assert abs(slope) == pytest.approx(float(gradient[0, index]), abs=2e-2, rel=0.05)
    moved, fresh = store.values[0, 0, 0] - stored().values[0, 0, 0], stored()
    fresh.values[0, 0, 0] += 1e-2
    assert float(-moved) == pytest.approx((loss(params, fresh) - before) / 1e-2, rel=0.05)
    assert (store.keys != stored().keys).any() and not torch.equal(after, params)
    still = stored()
    quiet = rule(NECRule, store_rate=0.0, neighbours=3)
    quiet.update(params, torch.zeros_like(params), still, 0, batch)
    assert torch.equal(still.keys, stored().keys)


def test_projections_keep_distances_and_take_frames():
    network = RandomProjection(spaces.Box(0, 255, (8, 8), np.uint8), spaces.Discrete(2), 512)
    frames = np.random.default_rng(0).integers(0, 256, (2, 8, 8)).astype(np.uint8)
    keys = network.keys(network.begin([0]), network.encode(frames)[None])[0]
    true = np.linalg.norm((frames[0].astype(float) - frames[1]) / 255)
    assert float((keys[0] - keys[1]).norm()) == pytest.approx(true, rel=0.15)
    assert network.encode(frames).dtype == torch.uint8


def test_nec_keeps_frames_as_bytes():
    pixels = {"env_kwargs": {"pixels": True}, "buffer_size": 20, "capacity": 20}
    arrays = NEC("CnnPolicy", "meta/Catch-v0", seed=0, **pixels).loop.replay.arrays
    assert arrays["inputs"].dtype == np.uint8 and arrays["targets"].dtype == np.float32


def test_bad_input_is_refused_in_words():
    with pytest.raises(TypeError, match="take Discrete alone"):
        MFEC("ProjectionPolicy", "meta/PointGoal-v0")
    with pytest.raises(MemoryError, match="entries in each of 3 dictionaries need about"):
        NEC("MlpPolicy", "meta/Catch-v0", capacity=10**12)
    with pytest.raises(ValueError, match="key_size=0"):
        KeyNetwork(*LINE, key_size=0)


def test_the_largest_return_is_too_hopeful_where_rewards_are_noisy():
    agent = MFEC("ProjectionPolicy", "meta/BernoulliBandit-v0", n_envs=1, seed=0, gamma=0.0,
                 env_kwargs={"arms": 2, "pulls": 10}, task={"means": [0.2, 0.2]})  # fmt: skip
    agent.learn(60)
    assert agent.loop.store.values[0, :, :1].max() == 1.0  # the documented limit


DARK = {"size": 5, "steps": 12}


def test_a_success_in_the_dark_is_repeated_in_the_next_episode():
    agent = MFEC("ProjectionPolicy", "meta/DarkRoom-v0", seed=1, env_kwargs=DARK, gamma=0.99,
                 exploration_initial_eps=0.0, exploration_final_eps=0.0)  # fmt: skip
    venv = gym.make_vec("meta/DarkRoom-v0", num_envs=1, episodes_per_trial=10**6, **DARK)
    player = Player(venv, agent.inner_loop(venv, seed=0))
    venv.set_tasks([{"goal": np.array([4, 1])}])
    player.reset(0)
    returns = []
    for _ in range(30):
        rewards = [player.step() for _ in range(12)]
        returns.append(sum(float(step.reward[0]) for step in rewards))
    first = int(np.argmax(np.array(returns) > 0))
    assert returns[first] > 0 and returns[first + 1] >= returns[first]


def run(agent_class, policy, episodes, **more):
    settings = {"n_envs": 1, "seed": 0, **more}
    agent = agent_class(policy, "meta/Catch-v0", preset=None, **settings)
    curve = evaluate(agent, "meta/Catch-v0", num_tasks=1, episodes=episodes, seed=1)
    return curve.returns.reshape(-1)


def test_mfec_catches_within_110_episodes():
    returns = run(MFEC, "ProjectionPolicy", 110)
    assert returns[-20:].mean() >= 0.9 and returns[:20].mean() < 0.3
