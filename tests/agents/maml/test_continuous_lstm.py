"""The recurrent form of ContinuousMAML: its episodes, steps, gradients and memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from agents import ContinuousMAML, PPOTracking
from agents.core.learning.adaptation import InnerRates, spread
from agents.maml.continuous import PairLoss
from agents.maml.valued import ValuedEpisodes, ValuedLearner
from agents.maml.valued_lstm import LstmStack, ValuedLstmPolicy
from tests.agents.maml.test_continuous import ID, SMALL, played_loop
from tests.agents.maml.test_meta_gradients import differences, flat, played

LSTM: dict[str, Any] = {**SMALL, "policy_kwargs": {"net_arch": (4,), "hidden_size": 3}}


def learner(unroll: int | None, first_order: bool = False) -> ValuedLearner:
    box = spaces.Box(-1, 1, (1,), np.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        policy = ValuedLstmPolicy(box, box, (2,), hidden_size=2, unroll=unroll).double()
        nn.init.normal_(policy.head.means.weight)
    policy.returns.moments[1:, 0] = torch.tensor([0.5, 4.0])
    rates = InnerRates(policy.parameters_by_name(), 0.3, "scalar", steps=3, learnt=True)
    return ValuedLearner(policy, rates, "logp", 0.9, 0.8, True, first_order, None, 0.5)


def rounds_of(who: ValuedLearner, steps: int) -> list[ValuedEpisodes]:
    policy = who.policy

    class Whole:
        head = policy.head

        def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
            return policy.apply_episodes(policy.parameters_by_name(), inputs)

    found = []
    for seed in range(steps + 1):
        made, more = (played(SimpleNamespace(policy=Whole()), one) for one in (seed, seed + 100))
        found.append(ValuedEpisodes(**vars(made), returns=more.rewards, targets=more.advantages))
    return found


def test_the_layer_is_an_lstm():
    torch.manual_seed(0)
    stack, known = LstmStack(3, (), 4, None), nn.LSTM(3, 4, batch_first=True)
    with torch.no_grad():
        known.weight_ih_l0.copy_(stack.gates.weight)
        known.weight_hh_l0.copy_(stack.again.weight)
        known.bias_ih_l0.copy_(stack.gates.bias)
        known.bias_hh_l0.zero_()
    inputs = torch.randn(2, 5, 7, 3)
    states, memory = stack.apply_episodes(dict(stack.named_parameters()), inputs)
    wanted, (state, cell) = known(inputs.flatten(0, 1))
    torch.testing.assert_close(states.flatten(0, 1), wanted)
    torch.testing.assert_close(memory.flatten(0, 1), torch.cat([state[0], cell[0]], dim=-1))


@pytest.mark.parametrize("own", [False, True])
def test_steps_equal_whole_episodes(own):
    policy = learner(3).policy
    parameters = policy.parameters_by_name()
    inputs = torch.randn(2, 3, 8, 1, dtype=torch.float64)
    if own:  # parameters of each task
        noise = torch.Generator().manual_seed(1)
        parameters = {
            name: part + 0.3 * torch.randn(2, *part.shape, generator=noise, dtype=part.dtype)
            for name, part in parameters.items()
        }
    whole = policy.apply_episodes(parameters, inputs)
    memory = torch.zeros(2, 3, policy.memory_size, dtype=torch.float64)
    for step in range(8):
        params, memory = policy.apply_step(parameters, inputs[:, :, step], memory)
        torch.testing.assert_close(params, whole[:, :, step])
    first = policy.apply_parameters(parameters, inputs[:, :, 0])
    torch.testing.assert_close(first, whole[:, :, 0])


@pytest.mark.parametrize("steps", [0, 2])
def test_the_meta_gradient_equals_finite_differences(steps):
    who = learner(None)
    loss, rounds = PairLoss(who, 0.7, 0.0, 0.5), rounds_of(who, steps)
    exact, _, _ = loss.gradient(rounds, 0.2)
    torch.testing.assert_close(flat(exact), differences(loss, rounds, 0.2), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("wrong", [{"first_order": True, "unroll": None}, {"unroll": 1}])
def test_a_detached_gradient_is_found_out(wrong):
    """First-order steps, and gradients that pass through one step alone."""
    who = learner(None)
    rounds = rounds_of(who, 2)
    exact = flat(PairLoss(who, 0.7, 0.0, 0.5).gradient(rounds, 0.2)[0])
    other = flat(PairLoss(learner(**wrong), 0.7, 0.0, 0.5).gradient(rounds, 0.2)[0])
    assert (other - exact).norm() > 0.01 * exact.norm()


def test_its_memory_begins_anew_with_each_episode():
    agent = ContinuousMAML("LstmPolicy", ID, inner_steps=1, **LSTM)
    loop = played_loop(agent, 1)
    loop.learn_now()
    start = spread({k: p.detach() for k, p in agent.policy.parameters_by_name().items()}, 1)
    for task in range(2):  # what was played in steps is what whole episodes say
        (episodes,) = loop._recent[task]
        torch.testing.assert_close(loop._weights(start, episodes), episodes.mask)
    assert not loop._memory.any()
    # rows that rest keep theirs
    observation, _ = loop.venv.reset(seed=1)
    loop.act(observation)
    before = loop._memory.clone()
    assert before.any(dim=1).all()
    loop.act(observation[:2], rows=np.array([0, 1]))
    assert (loop._memory[2:] == before[2:]).all() and (loop._memory[:2] != before[:2]).any()
    loop.reset(np.arange(4))
    assert not loop._memory[:4].any() and loop._memory[4:].any()


def test_predict_carries_the_memory_of_its_rows():
    agent = ContinuousMAML("LstmPolicy", ID, inner_steps=1, **LSTM)
    seen = np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2, 1)  # three steps of two rows
    state, taken = None, []
    for step in seen:
        actions, state = agent.predict(step, state=state, deterministic=True)
        taken.append(actions)
    inputs = torch.from_numpy(seen).transpose(0, 1)[None]
    params = agent.policy.apply_episodes(agent.policy.parameters_by_name(), inputs)
    wanted = agent.policy.head.mode(params[0].detach()).transpose(0, 1).numpy()
    np.testing.assert_allclose(np.stack(taken), wanted, rtol=1e-5)
    again, _ = agent.predict(seen[0], state, np.array([True, True]), deterministic=True)
    np.testing.assert_allclose(again, wanted[0], rtol=1e-5)


@pytest.mark.parametrize("cls", [ContinuousMAML, PPOTracking])
def test_it_trains_goes_on_after_loading_and_adapts(cls, tmp_path):
    more = {} if cls is PPOTracking else {"inner_steps": 1}
    straight = cls("LstmPolicy", ID, **more, **LSTM).learn(400)
    part = cls("LstmPolicy", ID, **more, **LSTM).learn(200)
    part.save(tmp_path / "part.zip")
    resumed = cls.load(tmp_path / "part.zip").learn(
        straight.num_timesteps - part.num_timesteps, reset_num_timesteps=False
    )
    for name, tensor in straight.policy.state_dict().items():
        assert torch.equal(tensor, resumed.policy.state_dict()[name]), name
    loop = played_loop(resumed, 2)
    loop.learn_now()
    shared = resumed.policy.parameters_by_name()
    assert any((loop.parameters[name][0] != part).any() for name, part in shared.items())


def test_an_activation_is_not_taken():
    with pytest.raises(TypeError, match="activation"):
        ContinuousMAML("LstmPolicy", ID, **{**LSTM, "policy_kwargs": {"activation": nn.ReLU}})


@pytest.mark.parametrize("wrong", [{"hidden_size": 0}, {"unroll": 0}, {"unroll": -1}])
def test_sizes_below_one_are_named(wrong):
    ((name, size),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name}={size} must be at least 1"):
        ContinuousMAML("LstmPolicy", ID, **{**LSTM, "policy_kwargs": wrong})


def test_it_is_registered_beside_the_others():
    env = gym.make(ID)
    assert ContinuousMAML("ValuedLstmPolicy", env, preset=None, seed=0).policy.memory_size == 128
