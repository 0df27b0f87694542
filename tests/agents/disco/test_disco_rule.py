"""What the published rule asks for is what another port of it computes; and what is ours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.core.learning.functional import Adam
from agents.disco.losses import parts_of_loss
from agents.disco.network import DiscoNetwork
from agents.disco.rule import Clipped
from agents.disco.values import expected, retrace, squash, taken, two_hot, unsquash
from tests.agents.disco.settings import (
    ACTIONS,
    STEPS,
    WINDOWS,
    make_learners,
    make_rule,
    play,
    tensor,
)


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_targets_loss_and_gradient_are_those_of_disco_torch():
    """The numbers are what disco-torch 0.4.0 returns for these arrays, in float64."""
    rule = make_rule()
    learners, windows = make_learners(rule), play()
    policy = learners["policy"].clone().requires_grad_()
    loss, _, carried = rule.loss(learners, policy, windows)
    (grads,) = torch.autograd.grad(loss.sum(), policy)
    wanted, target, _ = rule.wanted(learners, rule.said(policy.detach(), windows), windows)
    found = {
        "loss": loss,
        "gradient": torch.stack([(grads * tensor(grads.shape, 9.0)).sum(), grads.norm()]),
        "policy": wanted.policy.flatten()[::5],
        "y": wanted.y.flatten()[::701],
        "z": wanted.z.flatten()[::701],
        "q": target.flatten(),
        "life": carried["life"][0, ::37],
        "scale": torch.cat([carried["scale.mean"], carried["scale.square"]]),
    }
    known = {
        "loss": [1.3541110484453402],
        "gradient": [0.3355593738642338, 0.14731471894462309],
        "policy": [-0.49041019, -0.53630956, -0.53827389, -0.48729185, -0.47937564],
        "y": [
            *(0.13189802, 0.08288076, 0.26466268, 0.06489514, 0.38729265),
            -0.38496629,
            -0.22100105,
        ],
        "z": [
            *(0.09007312, 0.23648991, -0.14572273, -0.23293717, -0.32016208),
            0.20709584,
            0.08436642,
        ],
        "q": [
            *(-0.84275496, 1.4330535, -0.01051891, -2.00575644, 0.13838592),
            1.19442402,
            -1.6492518,
            -1.93986109,
        ],
        "life": [
            *(0.22916412, 0.25051161, 0.43626607, -0.14709062, -0.33420846),
            0.75149984,
            -0.34500455,
        ],
        "scale": [0.29101462880450474, 0.9108559827246752],
    }
    for name, numbers in known.items():
        np.testing.assert_allclose(found[name].detach(), numbers, atol=1e-6, err_msg=name)


def test_an_update_moves_learner_slow_copy_and_memory():
    rule = make_rule()
    before = make_learners(rule)
    windows = {name: part.transpose(0, 1) for name, part in play().items()}
    after, figures = rule.improve(before, windows, torch.zeros(0), 0)
    assert (after["policy"] - before["policy"]).abs().max() <= 1e-3 + 1e-9
    slow = 0.9 * before["slow"] + 0.1 * before["policy"]
    assert torch.allclose(after["slow"], slow, atol=1e-12)
    assert torch.allclose(after["scale.left"], 0.99 * before["scale.left"])
    assert not torch.equal(after["life"], before["life"])
    assert {"policy_loss", "y_loss", "z_loss", "aux_loss", "value_loss", "grad_norm"} == {*figures}


def test_learners_do_not_see_each_other():
    rule = make_rule()
    both, windows = make_learners(rule, 2), play(2)
    by_time = {name: part.transpose(0, 1) for name, part in windows.items()}
    together, _ = rule.improve(both, by_time, torch.zeros(0), 0)
    for one in range(2):
        alone = {name: part[one : one + 1] for name, part in both.items()}
        own = {name: part[:, one : one + 1] for name, part in by_time.items()}
        expected_alone, _ = rule.improve(alone, own, torch.zeros(0), 0)
        for name, part in expected_alone.items():
            assert torch.equal(together[name][one : one + 1], part), name


def test_after_a_time_limit_the_true_successor_counts_and_not_the_next_episode():
    rule = make_rule()
    learners, windows = make_learners(rule), play(cut=True)
    said = rule.said(learners["policy"], windows)
    slow = rule.said(learners["slow"], windows)
    _, target, _ = rule.wanted(learners, said, windows)
    there = windows["next_inputs"][:, 1, 0]
    policy, q = (
        rule.network.predictions(learners[name], there[:, None])[part][0, 0]
        for name, part in (("policy", "policy"), ("slow", "q"))
    )
    value = (policy.exp() * expected(q)).sum()
    assert torch.allclose(target[0, 1, 0], windows["rewards"][0, 1, 0] + 0.997 * value)
    elsewhere = {**windows, "next_inputs": windows["next_inputs"].clone()}
    elsewhere["next_inputs"][:, 2] += 1.0  # of a step that was not cut: nobody reads it
    assert torch.equal(rule.wanted(learners, said, elsewhere)[1], target)
    assert slow.at_cuts is not None and said.pair("y")[1].shape == said.now("y").shape


def test_a_step_that_terminates_has_no_successor_and_the_first_of_an_episode_no_loss():
    rule = make_rule()
    learners, windows = make_learners(rule), play()
    said, chosen = rule.said_and_taken(learners["policy"], windows)
    _, target, _ = rule.wanted(learners, said, windows)
    assert torch.equal(target[0, 1, 0], windows["rewards"][0, 1, 0])
    loss, _, _ = rule.loss(learners, learners["policy"], windows)
    other = {**windows, "policy": windows["policy"].clone()}
    other["policy"][:, -1] = 0.0  # after the last step nothing was decided
    assert torch.equal(rule.loss(learners, learners["policy"], other)[0], loss)
    asked = {"policy": torch.zeros(1, STEPS, WINDOWS, ACTIONS).double(), "q": target}
    asked |= {name: torch.zeros_like(said.now("y")) for name in ("y", "z")}
    parts = parts_of_loss(said, chosen, asked, windows["alive"][:, :-1])
    assert parts["aux_loss"][0, 1, 0] == 0 and (parts["aux_loss"] > 0).sum() == STEPS * WINDOWS - 1
    mask = torch.ones(1, STEPS, WINDOWS).double()
    mask[0, 2, 0] = 0.0  # the first step of an episode
    _, means, _ = rule.loss(learners, learners["policy"], windows)
    value = (parts["value_loss"] * mask).sum() / mask.sum()
    assert torch.allclose(means["value_loss"][0], value)


def test_retrace_is_that_of_the_published_code():
    """Weights and values are those of one step later than they should be; both are at hand."""
    one = torch.ones(1, 3, 1, dtype=torch.float64)
    ratio = torch.tensor([0.5, 2.0, 0.25]).double().reshape(1, 3, 1)
    q = torch.tensor([1.0, 2.0, 3.0]).double().reshape(1, 3, 1)
    after = torch.tensor([10.0, 20.0, 30.0]).double().reshape(1, 3, 1)
    found = retrace(one, 0.5 * one, one, ratio, q, after, 0.8)[0, :, 0]
    last = 1 + 0.5 * 30
    second = 1 + 0.5 * (20 + 0.8 * 0.25 * (last - 3))
    first = 1 + 0.5 * (10 + 0.8 * 0.25 * (second - 3))
    assert torch.allclose(found, torch.tensor([first, second, last]).double())


def test_values_are_categories_of_squashed_numbers():
    values = torch.tensor([-2000.0, -1.5, 0.0, 0.2, 7.0, 3.3e4], dtype=torch.float64)
    assert torch.allclose(unsquash(squash(values)), values)
    hot = two_hot(values)
    assert (
        torch.allclose(hot.sum(dim=-1), torch.ones(6).double()) and ((hot > 0).sum(-1) <= 2).all()
    )
    assert torch.allclose(expected(hot.clamp(min=1e-300).log()), values)
    assert two_hot(torch.tensor([1e9]))[0, 600] == 1  # beyond the largest


def test_no_number_of_a_step_is_larger_than_the_learning_rate():
    optimizer = Clipped(Adam())
    params, grads = torch.zeros(1, 3), torch.tensor([[1e-4, -3.0, 0.0]])
    state = optimizer.begin(params)
    for _ in range(2):
        params, state = optimizer.step(params, grads, state, 0.1)
    assert torch.allclose(params, torch.tensor([[-0.2, 0.2, 0.0]]), atol=1e-4)
    late = {**optimizer.begin(params), "steps": torch.full((1,), 500.0, dtype=torch.float64)}
    steep, _ = Adam().step(params, grads, late, 0.1)  # the first gradient in a long time
    assert ((steep - params).abs()[0, :2] > 0.15).all()
    after, _ = optimizer.step(params, grads, late, 0.1)
    assert torch.allclose((after - params).abs()[0, :2], torch.tensor(0.1))


def test_the_model_takes_each_action_from_the_same_state():
    network = DiscoNetwork(spaces.Box(-1.0, 1.0, (2,)), spaces.Discrete(3), (4,), model_size=5)
    params = network.begin([0, 1])
    said = network.predictions(params, torch.ones(2, 1, 2))
    shapes = {name: tuple(part.shape) for name, part in said.items()}
    assert shapes == {
        **{"policy": (2, 1, 3), "y": (2, 1, 600), "z": (2, 1, 3, 600)},
        **{"q": (2, 1, 3, 601), "aux": (2, 1, 3, 3)},
    }
    parts = network.layout.unflatten(params)
    features = torch.relu(parts["torso.0.weight"].sum(dim=-1) + parts["torso.0.bias"])
    cell = torch.einsum("mhf,mf->mh", parts["model.root.weight"], features)
    state = torch.cat([torch.tanh(cell), cell], dim=-1)[:, None].expand(-1, 3, -1)
    lstm = {k.removeprefix("model.lstm."): v for k, v in parts.items() if "lstm" in k}
    output, _ = network._model.step(lstm, torch.eye(3).expand(2, 3, 3), state)
    weight, bias = parts["model.hidden.weight"], parts["model.hidden.bias"]
    hidden = torch.relu(output @ weight.transpose(1, 2) + bias[:, None])[..., :5]
    z = hidden @ parts["model.z.weight"].transpose(1, 2) + parts["model.z.bias"][:, None]
    assert torch.allclose(said["z"][:, 0], z, atol=1e-6)


def test_what_is_said_of_the_actions_taken_is_what_is_said_of_all():
    rule = make_rule()
    learners, windows = make_learners(rule, 2), play(2)
    actions = windows["actions"][:, :-1].long()
    policy = learners["policy"].clone().requires_grad_()
    said, chosen = rule.said_and_taken(policy, windows)
    plain = rule.said(policy, windows)
    for name, part in plain.whole.items():
        assert torch.equal(said.whole[name], part), name
    assert not said.whole["z"].requires_grad
    for name, part in chosen.items():
        wanted = taken(plain.now(name), actions)
        assert torch.allclose(part, wanted, atol=1e-12), name
        (mine,) = torch.autograd.grad(part.square().sum(), policy, retain_graph=True)
        (theirs,) = torch.autograd.grad(wanted.square().sum(), policy, retain_graph=True)
        assert torch.allclose(mine, theirs, atol=1e-12), name
