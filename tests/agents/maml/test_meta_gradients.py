"""Meta-gradients: equal to finite differences, of second order, and ProMP's special cases."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from agents.core.learning.adaptation import InnerRates, adapt, spread
from agents.core.nets.mlp import PerTaskPolicy
from agents.maml import outer
from agents.maml.episodes import Episodes
from agents.maml.learner import Learner
from agents.maml.losses import ESTIMATORS
from agents.maml.outer import OuterLoss, climb, descend

TASKS, ROWS, STEPS = 3, 4, 5


def learner(discrete=False, net_arch=(), estimator="lvc", first_order=False, **rates):
    space = spaces.Discrete(3) if discrete else spaces.Box(-1, 1, (1,), np.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        policy = PerTaskPolicy(
            spaces.Box(-1, 1, (1,), np.float32), space, net_arch=net_arch
        ).double()
        nn.init.normal_(policy.get_submodule(policy._last).weight)
    settings = {"rate": 0.3, "shape": "parameter", "steps": 2, "learnt": True, **rates}
    rates = InnerRates(policy.parameters_by_name(), **settings)
    return Learner(policy, rates, estimator, 0.99, 1.0, True, first_order)


def played(who, seed):
    """Make up a round; what was played is near the policy, as after some outer steps."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    inputs = normal(TASKS, ROWS, STEPS, 1)
    mask = torch.ones(TASKS, ROWS, STEPS, dtype=torch.float64)
    mask[0, 1, 3:] = 0
    params = who.policy(inputs).detach()
    params = params + 0.1 * normal(*params.shape)
    head = who.policy.head
    if head.noise_kind == "uniform":
        params = torch.log_softmax(params, dim=-1)
        actions = head.sample(params, torch.rand(TASKS, ROWS, STEPS, 1, generator=generator))
    else:
        actions = head.sample(params, normal(TASKS, ROWS, STEPS, 1))
    return Episodes(
        inputs=inputs,
        actions=actions,
        params=params,
        log_prob=head.log_prob(params, actions) * mask,
        rewards=normal(TASKS, ROWS, STEPS) * mask,
        mask=mask,
        advantages=normal(TASKS, ROWS, STEPS) * mask,
    )


def flat(parts):
    return torch.cat([part.flatten() for part in parts]).detach()


def differences(loss, rounds, clip, size=1e-5, of_kl=False):
    """Return central differences of the outer loss in everything that is trained."""
    trained = loss.parameters()
    start = nn.utils.parameters_to_vector(trained).detach().clone()
    found = torch.zeros_like(start)
    for index in range(len(start)):
        ends = []
        for sign in (1, -1):
            moved = start.clone()
            moved[index] += sign * size
            nn.utils.vector_to_parameters(moved, trained)
            ends.append(loss.values(rounds, clip)[int(of_kl)])
        found[index] = (ends[0] - ends[1]) / (2 * size)
    nn.utils.vector_to_parameters(start, trained)
    return found


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("clip", [None, 0.3])
def test_the_meta_gradient_equals_finite_differences(estimator, discrete, steps, clip):
    """Of parameters and learnt rates, with E-MAML's and ProMP's terms."""
    who = learner(discrete, estimator=estimator)
    loss = OuterLoss(who, exploration_coef=0.7, inner_kl_coef=0.2)
    rounds = [played(who, seed) for seed in range(steps + 1)]
    for of_kl in (False, True):
        exact, _, _ = loss.gradient(rounds, clip, of_kl)
        found = differences(loss, rounds, clip, of_kl=of_kl)
        torch.testing.assert_close(flat(exact), found, rtol=1e-6, atol=1e-8)
        assert found.abs().max() > 1e-3


def test_loss_and_divergence_are_of_the_adapted_policies_against_what_played():
    """Without an inner step; KL(played || current) of normal distributions, written out."""
    who = learner()
    rounds = [played(who, 4), played(who, 5)]
    start = spread(who.policy.parameters_by_name(), TASKS)
    adapted = who.step(start, rounds[0], 0)
    with torch.no_grad():
        now, log_prob = who.evaluate(adapted, rounds[1])
        (mean, log_std), (old_mean, old_log_std) = (
            part.chunk(2, dim=-1) for part in (now, rounds[1].params)
        )
        spreads = log_std - old_log_std
        ratio = ((2 * old_log_std).exp() + (old_mean - mean).square()) / (2 * (2 * log_std).exp())
        kl = (spreads + ratio - 0.5).sum(-1)
        gain = torch.exp(log_prob - rounds[1].log_prob) * rounds[1].advantages
        weights = rounds[1].weights
        wanted = [-(gain * weights).sum() / TASKS, (kl * weights).sum() / TASKS]
    assert OuterLoss(who).values(rounds, None) == pytest.approx([float(part) for part in wanted])


def test_two_parameters_and_a_quadratic_by_hand():
    """theta' = theta - a (H theta - b): the meta-gradient is (1 - a H) times that at theta'."""
    curvature = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    target, rate = torch.tensor([1.0, -1.0], dtype=torch.float64), 0.1
    theta = torch.tensor([0.3, 0.8], dtype=torch.float64, requires_grad=True)
    rates = InnerRates({"theta": theta}, rate)

    def loss(parameters, step):
        each = parameters["theta"]  # [M, 2]
        return (0.5 * (each @ curvature * each).sum(1) - each @ target).sum()

    for first_order in (False, True):
        adapted = adapt(spread({"theta": theta}, 1), loss, rates, 1, first_order=first_order)
        by_hand = theta - rate * (curvature @ theta - target)
        torch.testing.assert_close(adapted["theta"][0], by_hand)
        (found,) = torch.autograd.grad(loss(adapted, 1), theta)
        there = curvature @ by_hand - target
        through = there if first_order else there - rate * curvature @ there
        torch.testing.assert_close(found, through)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_second_order_is_not_first_order(estimator):
    found = {}
    for first_order in (False, True):
        who = learner(estimator=estimator, first_order=first_order, learnt=False)
        rounds = [played(who, seed) for seed in range(2)]
        found[first_order] = flat(OuterLoss(who).gradient(rounds, None)[0])
    assert (found[True] - found[False]).norm() > 0.01 * found[True].norm()


def test_first_order_is_the_policy_gradient_at_the_adapted_parameters():
    who = learner(first_order=True, learnt=False)
    before, after = (played(who, seed) for seed in range(2))
    found = flat(OuterLoss(who).gradient([before, after], None)[0])
    own = who.step(spread(who.policy.parameters_by_name(), TASKS), before, 0)
    total = 0
    for task in range(TASKS):
        adapted = {name: part[task].clone().requires_grad_() for name, part in own.items()}
        one = after.tasks([task])
        _, log_prob = who.evaluate({name: part[None] for name, part in adapted.items()}, one)
        ratio = torch.exp(log_prob - one.log_prob)
        loss = -(ratio * one.advantages * one.weights).sum() / TASKS
        total = total + flat(torch.autograd.grad(loss, list(adapted.values())))
    torch.testing.assert_close(found, total)


def test_a_tasks_gradient_step_is_its_own_whatever_else_is_in_the_batch(monkeypatch):
    who = learner(net_arch=(4,))
    episodes = played(who, 0)
    shared = spread(who.policy.parameters_by_name(), TASKS)
    together = who.step(shared, episodes, 0)
    monkeypatch.setattr("agents.maml.learner._CHUNK", 1)  # a chunk a task
    for name, part in who.step(shared, episodes, 0).items():
        torch.testing.assert_close(part, together[name])
    rounds, loss = [played(who, 1), played(who, 2)], OuterLoss(who, 0.7, 0.2)
    apart = loss.gradient(rounds, 0.3)
    monkeypatch.undo()
    whole = loss.gradient(rounds, 0.3)
    torch.testing.assert_close(flat(apart[0]), flat(whole[0]))
    assert apart[1:] == pytest.approx(whole[1:])


def test_one_promp_step_at_the_acting_parameters_is_lvcs_policy_gradient():
    """Clip and penalty are without effect there; what moves is Adam's first step on that."""
    who = learner(net_arch=(4,), estimator="lvc", learnt=False)
    rounds = [on_policy(who, played(who, 0)), None]
    own = who.step(spread(who.policy.parameters_by_name(), TASKS), rounds[0], 0)
    rounds[1] = on_policy(who, played(who, 1), own)
    promp, _, _ = OuterLoss(who, inner_kl_coef=0.5).gradient(rounds, 0.3)

    def vanilla(before, after):
        """LVC-VPG: the log probability of what was played after adaptation, times advantages."""

        def inner(parameters, step):
            _, log_prob = who.evaluate(parameters, before)
            ratio = torch.exp(log_prob - log_prob.detach())
            return -(ratio * before.advantages * before.weights).sum()

        start = spread(who.policy.parameters_by_name(), TASKS)
        _, log_prob = who.evaluate(adapt(start, inner, who.rates, 1), after)
        return -(log_prob * after.advantages * after.weights).sum() / TASKS

    expected = torch.autograd.grad(vanilla(*rounds), list(who.policy.parameters()))
    torch.testing.assert_close(flat(promp), flat(expected), rtol=1e-9, atol=1e-12)
    before = flat(who.policy.parameters())
    optimizer = torch.optim.SGD(who.policy.parameters(), lr=0.5)
    descend(OuterLoss(who, inner_kl_coef=0.5), rounds, optimizer, 0.3, 1, None)
    torch.testing.assert_close(flat(who.policy.parameters()), before - 0.5 * flat(expected))


def on_policy(who, episodes, parameters=None):
    """Say that the policy itself played."""
    own = spread(who.policy.parameters_by_name(), TASKS) if parameters is None else parameters
    params, log_prob = who.evaluate(own, episodes)
    parts = {**vars(episodes), "params": params.detach()}
    return Episodes(**{**parts, "log_prob": (log_prob * episodes.mask).detach()})


@pytest.mark.parametrize("target_kl", [1e-4, 1e-2])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_trpo_step_improves_the_surrogate_within_the_region(target_kl, estimator):
    who = learner(net_arch=(4,), estimator=estimator, learnt=False)
    before = on_policy(who, played(who, 0))
    own = who.step(spread(who.policy.parameters_by_name(), TASKS), before, 0)
    rounds = [before, on_policy(who, played(who, 1), own)]
    loss = OuterLoss(who)
    assert loss.values(rounds, None)[1] == pytest.approx(0, abs=1e-12)
    done = climb(
        loss,
        rounds,
        target_kl=target_kl,
        cg_max_steps=10,
        cg_damping=1e-5,
        line_search_shrinking_factor=0.8,
        line_search_max_iter=15,
        sub_sampling_factor=1,
    )
    after, kl = loss.values(rounds, None)
    assert done["line_search_success"] == 1 and after < done["loss_before"]
    assert 0.3 * target_kl < kl <= target_kl and kl == pytest.approx(done["approx_kl"])


def test_a_subsampled_curvature_is_taken_where_the_kl_is_least(monkeypatch):
    who = learner(net_arch=(4,), learnt=False)
    before = on_policy(who, played(who, 0))
    own = who.step(spread(who.policy.parameters_by_name(), TASKS), before, 0)
    rounds = [before, on_policy(who, played(who, 1), own)]
    seen = {}

    def watched(gradient, parameters, damping):
        seen["gradient"] = gradient(parameters)
        return lambda vector: seen.setdefault("product", vector)

    monkeypatch.setattr(outer, "finite_difference_product", watched)
    climb(
        OuterLoss(who),
        rounds,
        target_kl=0.01,
        cg_max_steps=1,
        cg_damping=1e-5,
        line_search_shrinking_factor=0.8,
        line_search_max_iter=1,
        sub_sampling_factor=2,
    )
    assert seen["gradient"].abs().max() < 1e-12, "some tasks did not adapt as they had played"


def test_rates_have_the_shape_that_is_asked_for():
    parameters = {"a": torch.zeros(2, 3), "b": torch.zeros(4)}
    counts = {"scalar": 1, "tensor": 2, "parameter": 10}
    for shape, count in counts.items():
        rates = InnerRates(parameters, 0.1, shape, steps=3, learnt=True)
        assert sum(part.numel() for part in rates.parameters()) == 3 * count
        assert torch.equal(rates.of("b", 7), rates.of("b", 2)), "later steps use the last"
        assert (rates.of("a", 0) == 0.1).all()
