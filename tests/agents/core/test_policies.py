import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.core.nets.recurrent_policy import GruPolicy, LstmPolicy
from agents.core.nets.standardise import Standardise
from agents.core.nets.trunk import Lookup

SPACES = spaces.Discrete(3), spaces.Discrete(2)


def _policy(policy, **kwargs):
    torch.manual_seed(0)
    made = policy(*SPACES, hidden_size=8, embedding_sizes=(6,), **kwargs)
    for parameter in made.parameters():  # heads begin nearly at zero
        torch.nn.init.normal_(parameter, std=0.5)
    return made


def _inputs(steps=7, rows=9):
    return torch.randn(steps, rows, 7, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("policy", [GruPolicy, LstmPolicy])
@pytest.mark.parametrize(
    "kwargs",
    [{}, {"transitions": True}, {"memory": 20}, {"head_sizes": (6, 5), "transitions": True}],
)
@pytest.mark.parametrize("separate", [False, True])
def test_acting_step_by_step_equals_the_whole_trial(policy, kwargs, separate):
    made, inputs = _policy(policy, separate_value=separate, **kwargs), _inputs()
    params, values = made(inputs)
    state = made.initial_state(9)
    with torch.no_grad():
        for step, shown in enumerate(inputs):
            now, value, state = made.step(shown, state)
            torch.testing.assert_close(now, params[step], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(value, values[step], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("transitions", [False, True])
def test_a_reset_within_a_sequence_begins_a_trial(transitions):
    made, inputs = _policy(GruPolicy, transitions=transitions), _inputs()
    reset = torch.zeros(7, 9, dtype=torch.bool)
    reset[4] = True
    params, _ = made(inputs, reset)
    torch.testing.assert_close(params[4:], made(inputs[4:])[0])


def test_transitions_show_the_previous_observation_and_nothing_else():
    made, inputs = _policy(GruPolicy, transitions=True), _inputs(2, 8)
    seen = []
    made.trunk.embedding.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    made(inputs)
    assert (seen[0][0, :, 7:] == 0).all() and torch.equal(seen[0][1, :, 7:], inputs[0, :, :3])


def test_the_value_has_a_trunk_of_its_own_only_if_asked():
    shared, apart = _policy(GruPolicy), _policy(GruPolicy, separate_value=True)
    inputs = _inputs()
    for made, alone in ((shared, False), (apart, True)):
        made.zero_grad()
        made(inputs)[1].sum().backward()
        untouched = all(parameter.grad is None for parameter in made.trunk.parameters())
        assert untouched == alone


@pytest.mark.parametrize("policy", [GruPolicy, LstmPolicy])
def test_memory_opens_the_keeping_gates_for_that_long(policy):
    made = policy(*SPACES, hidden_size=64, memory=100)
    bias = made.trunk.core.cell.bias_ih_l0[64:128].detach().numpy()
    assert bias.min() >= 0 and np.log(50) < bias.max() <= np.log(99)
    with pytest.raises(ValueError, match="memory=1"):
        policy(*SPACES, memory=1)


def test_a_lookup_multiplies_memory_and_embedding():
    lookup = Lookup(3, 2, 4, torch.nn.Tanh)
    memory, embedding = torch.randn(5, 3), torch.randn(5, 2)
    read = lookup(torch.cat([memory, embedding], dim=1))
    assert read.shape == (5, 4)
    wanted = (memory @ lookup.memory.weight.T + lookup.memory.bias) * (
        embedding @ lookup.question.weight.T + lookup.question.bias
    )
    torch.testing.assert_close(read[:, 2:], wanted)


def test_an_odd_lookup_is_refused():
    with pytest.raises(ValueError, match="head_sizes begins with 5"):
        Lookup(3, 2, 5, torch.nn.Tanh)


def test_standardised_observations_have_moments_of_all_that_was_seen():
    standardise = Standardise(2)
    draw = torch.Generator().manual_seed(0)
    parts = [torch.randn(5, 4, 3, generator=draw) * 3 + 7 for _ in range(3)]
    mask = torch.ones(5, 4)
    mask[3:, 1] = 0
    for part in parts:
        standardise.update(part, mask)
    seen = torch.cat([part[mask > 0] for part in parts])
    shown = standardise(seen)
    torch.testing.assert_close(shown[:, :2].mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        shown[:, :2].std(0, unbiased=False), torch.ones(2), rtol=1e-5, atol=0
    )
    assert torch.equal(shown[:, 2], seen[:, 2])


def _observations_alone(inputs):
    standardise = Standardise(2)
    standardise.update(inputs, torch.ones(inputs.shape[:2]))
    return standardise(inputs)[..., :2]


def test_the_previous_reward_is_standardised_where_asked():
    standardise, inputs = Standardise(2, reward=True), torch.randn(50, 4, 5)
    inputs[..., 3] = 1e-3 * inputs[..., 3] + 7.0
    standardise.update(inputs, torch.ones(50, 4))
    shown = standardise(inputs)
    reward = shown[..., 3]
    torch.testing.assert_close(reward.mean(), torch.tensor(0.0), atol=1e-3, rtol=0)
    torch.testing.assert_close(reward.std(unbiased=False), torch.tensor(1.0), rtol=2e-2, atol=0)
    assert torch.equal(shown[..., [2, 4]], inputs[..., [2, 4]])  # action and start stay
    assert torch.equal(shown[..., :2], _observations_alone(inputs))


def test_standardised_rewards_need_standardised_observations():
    with pytest.raises(ValueError, match="normalize_observation=True"):
        _policy(GruPolicy, normalize_shown_reward=True)


@pytest.mark.parametrize("reward", [False, True])
def test_a_policy_that_standardises_acts_as_it_learns(reward):
    policy = _policy(GruPolicy, normalize_observation=True, normalize_shown_reward=reward)
    inputs = _inputs()
    policy.after_iteration(inputs, torch.ones(inputs.shape[:2]))
    whole, values = policy(inputs)
    state = policy.initial_state(inputs.shape[1])
    for step in range(len(inputs)):
        params, value, state = policy.step(inputs[step], state)
        torch.testing.assert_close(params, whole[step], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(value, values[step], rtol=1e-4, atol=1e-5)
