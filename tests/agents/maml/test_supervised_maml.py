"""MAML for regression: exact gradients, what it reaches, and the loop that reads observations."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

import meta_envs  # noqa: F401
from agents import SupervisedMAML, evaluate
from agents.maml.supervised import cross_entropy, squared_error

ID = "meta/Sinusoid-v0"
SMALL = {"n_batches": 5, "n_tasks": 4, "policy_kwargs": {"net_arch": (8,)}, "seed": 0}
PER_ITERATION = 5 * 4 * 20


def make(**kwargs):
    return SupervisedMAML("MlpRegressor", ID, **{**SMALL, **kwargs})


@pytest.mark.parametrize("first_order", [False, True])
def test_the_meta_gradient_equals_finite_differences_unless_of_first_order(first_order):
    agent = make(
        learn_inner_lr=True,
        inner_lr=0.1,
        inner_lr_shape="parameter",
        inner_steps=2,
        inner_lr_per_step=True,
        first_order=first_order,
        policy_kwargs={"net_arch": (3,), "activation": nn.Tanh},
    )
    agent.policy.double(), agent.rates.double()
    generator = torch.Generator().manual_seed(0)
    x, y, u, v = torch.randn(4, 3, 5, 1, generator=generator, dtype=torch.float64)
    trained = agent._trained

    def loss():
        return squared_error(agent.policy, u, v, agent.adapt(x, y))

    exact = torch.cat([part.flatten() for part in torch.autograd.grad(loss(), trained)])
    start = nn.utils.parameters_to_vector(trained).detach().clone()
    found = torch.zeros_like(start)
    for index in range(len(start)):
        ends = []
        for sign in (1, -1):
            moved = start.clone()
            moved[index] += sign * 1e-5
            nn.utils.vector_to_parameters(moved, trained)
            ends.append(loss().item())
        found[index] = (ends[0] - ends[1]) / 2e-5
    close = torch.allclose(exact, found, rtol=1e-6, atol=1e-8)
    assert close != first_order


@pytest.mark.parametrize(
    ("kwargs", "most"),
    [
        ({}, 2.5),
        ({"learn_inner_lr": True, "inner_lr_shape": "parameter"}, 0.9),
        ({"first_order": True}, 2.8),
    ],
)
def test_a_wave_is_learnt_from_ten_points(kwargs, most):
    """After 400 outer steps; answering 0 has an error of 4.25, a first-order step one of 2.64."""
    settings = {"n_batches": 100, "n_tasks": 25, "policy_kwargs": {}}
    agent = make(**settings, **kwargs).learn(400 * 25 * 20)
    assert agent._n_updates == 400
    curve = evaluate(agent, ID, num_tasks=300)
    assert -curve.mean()[0] / 10 < most


def test_the_loop_learns_from_what_observations_show():
    agent = make(inner_lr=0.1).learn(PER_ITERATION)
    venv = gym.make_vec(ID, num_envs=2, shots=3, queries=2)
    loop = agent.inner_loop(venv)
    shown, _ = venv.reset(seed=0)
    seen = []
    for _ in range(3):
        seen.append(shown.copy())
        assert (loop.act(shown) == 0).all()
        shown, *_ = venv.step(np.zeros((2, 1), np.float32))
    pairs = torch.from_numpy(np.stack(seen, axis=1))
    own = agent.adapt(pairs[..., :1], pairs[..., 1:2])
    answers = agent.policy.apply_parameters(own, torch.from_numpy(shown[:, None, :1]))
    np.testing.assert_allclose(loop.act(shown), answers[:, 0].detach() / 5, rtol=1e-5, atol=1e-6)
    loop.reset(np.array([0]))
    unadapted, _ = agent.predict(shown)
    np.testing.assert_allclose(loop.act(shown)[0], unadapted[0], rtol=1e-5)
    np.testing.assert_allclose(loop.act(shown)[1], answers[1, 0].detach() / 5, rtol=1e-5)
    assert not np.allclose(unadapted[1], loop.act(shown)[1])


def test_reptile_moves_towards_the_adapted_parameters():
    agent = make(outer="reptile", inner_steps=3, learning_rate=0.5)
    start = {name: part.clone() for name, part in agent.policy.named_parameters()}
    agent.learn(PER_ITERATION)
    assert any(not torch.equal(part, start[n]) for n, part in agent.policy.named_parameters())


def test_no_inner_step_is_ordinary_regression():
    agent = make(inner_steps=0).learn(PER_ITERATION)
    curve = evaluate(agent, ID, num_tasks=3)
    assert np.isfinite(curve.returns).all()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"env": "meta/PointNavigation-v0"}, TypeError, "draw_batch.*MAML for what must be played"),
        ({"outer": "trpo"}, ValueError, r"outer='trpo' is unknown.*'adam', 'reptile'"),
        ({"shots": 0}, ValueError, "shots=0"),
        ({"inner_steps": -1}, ValueError, "inner_steps=-1"),
    ],
)
def test_what_cannot_be_is_refused(kwargs, error, message):
    settings = {"env": ID, **SMALL, **kwargs}
    with pytest.raises(error, match=message):
        SupervisedMAML("MlpRegressor", **settings)


GLYPHS = {"ways": 3, "queries": 4, "size": 8}


def classifier(**kwargs):
    return SupervisedMAML(
        *("MlpRegressor", "meta/FewShotImages-v0"),
        **{**SMALL, "env_kwargs": GLYPHS, "shots": 3, "queries": 6, **kwargs},
    )


def test_labels_are_learnt_by_their_surprise():
    agent = classifier(inner_lr=0.5)
    random = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 64, generator=random)
    y = torch.eye(3)[torch.tensor([[0, 1, 2], [2, 0, 1]])]
    shared = {
        name: part.detach().expand(2, *part.shape).clone().requires_grad_()
        for name, part in agent.policy.named_parameters()
    }
    loss = cross_entropy(agent.policy, x, y, shared)
    wanted = sum(
        nn.functional.cross_entropy(agent.policy(x[task]), y[task].argmax(dim=1))
        for task in range(2)
    )
    torch.testing.assert_close(loss, wanted)
    gradients = torch.autograd.grad(loss, list(shared.values()))
    adapted = agent.adapt(x, y)
    for (name, part), gradient in zip(shared.items(), gradients, strict=True):
        torch.testing.assert_close(adapted[name], part - 0.5 * gradient)


def test_glyphs_of_new_classes_are_told_apart():
    """Chance is a third; a tenth of a second's training is not enough, three seconds are."""
    agent = classifier(
        **{"n_batches": 150, "n_tasks": 16, "inner_lr": 0.3, "learning_rate": 3e-3},
        policy_kwargs={"net_arch": (48, 32)},
    )
    agent.learn(150 * 16 * 9, log_interval=None)
    curve = evaluate(agent, "meta/FewShotImages-v0", env_kwargs=GLYPHS, num_tasks=200)
    assert curve.total()[0] / 4 > 1 / 3 + 0.15
