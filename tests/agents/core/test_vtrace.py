"""The scan, V-trace, its leaky form and Retrace, against their definitions as sums."""

from __future__ import annotations

import math

import pytest
import torch

from agents.core.losses.returns import gae, lambda_returns, retrace, scan, vtrace

T, B, GAMMA = 6, 4, 0.9


def unroll(seed=0):
    """Values and next values agree inside episodes; some episodes terminate, some are cut."""
    generator = torch.Generator().manual_seed(seed)
    rewards, values, others, log_rho = torch.randn(
        4, T, B, dtype=torch.float64, generator=generator
    )
    kind = torch.randint(0, 4, (T, B), generator=generator)
    terminated, ended = (kind == 0).double(), (kind <= 1).double()
    next_values = others.clone()
    next_values[:-1] = torch.where(ended[:-1] > 0, others[:-1], values[1:])
    return {
        "rewards": rewards,
        "values": values,
        "next_values": next_values,
        "discounts": GAMMA * (1 - terminated),
        "continues": 1 - ended,
        "log_rho": log_rho,
    }


def weights(log_rho, bar, leak):
    return [
        [(1 - leak) * min(bar, math.exp(x)) + leak * math.exp(x) for x in row]
        for row in log_rho.tolist()
    ]


def target_by_definition(parts, lambda_, rho_bar, c_bar, leak, step, row):
    """v = V + sum over k of (product of d continues c before it) rho delta, as the paper has it."""
    rho = weights(parts["log_rho"], rho_bar, leak)
    c = weights(parts["log_rho"], c_bar, leak)
    at = {name: part[:, row].tolist() for name, part in parts.items()}
    total, factor = at["values"][step], 1.0
    for k in range(step, T):
        error = at["rewards"][k] + at["discounts"][k] * at["next_values"][k] - at["values"][k]
        total += factor * rho[k][row] * error
        factor *= at["discounts"][k] * at["continues"][k] * lambda_ * c[k][row]
    return total


@pytest.mark.parametrize(
    ("lambda_", "rho_bar", "c_bar", "leak"),
    [(1.0, 1.0, 1.0, 0.0), (0.7, 1.5, 1.0, 0.0), (0.9, 1.0, 1.0, 0.3), (0.9, 1.0, 1.0, 1.0)],
)
def test_targets_are_the_sum_of_the_definition(lambda_, rho_bar, c_bar, leak):
    parts = unroll()
    targets, advantages = vtrace(**parts, lambda_=lambda_, rho_bar=rho_bar, c_bar=c_bar, leak=leak)
    rho = weights(parts["log_rho"], rho_bar, leak)
    for row in range(B):
        wanted = [
            target_by_definition(parts, lambda_, rho_bar, c_bar, leak, step, row)
            for step in range(T)
        ]
        assert targets[:, row].tolist() == pytest.approx(wanted, abs=1e-9)
        for step in range(T):
            at = {name: float(part[step, row]) for name, part in parts.items()}
            ahead = at["next_values"]
            if at["continues"] and step + 1 < T:
                ahead = lambda_ * wanted[step + 1] + (1 - lambda_) * ahead
            wanted_one = rho[step][row] * (at["rewards"] + at["discounts"] * ahead - at["values"])
            assert float(advantages[step, row]) == pytest.approx(wanted_one, abs=1e-9)


def n_step(parts, step, row):
    """Rewards to the episode's (or the unroll's) end, and there the successor's value."""
    total, factor = 0.0, 1.0
    for k in range(step, T):
        total += factor * float(parts["rewards"][k, row])
        discount = float(parts["discounts"][k, row])
        if not parts["continues"][k, row] or k == T - 1:
            return total + factor * discount * float(parts["next_values"][k, row])
        factor *= discount
    raise AssertionError("no end")


def test_on_policy_it_is_the_n_step_return():
    parts = {**unroll(1), "log_rho": torch.zeros(T, B, dtype=torch.float64)}
    targets = vtrace(**parts).targets
    for row in range(B):
        wanted = [n_step(parts, step, row) for step in range(T)]
        assert targets[:, row].tolist() == pytest.approx(wanted, abs=1e-9)
    without = vtrace(**{**parts, "log_rho": None})
    torch.testing.assert_close(without.targets, targets)


def test_on_policy_it_is_gae_and_lambda_returns():
    parts = {**unroll(2), "log_rho": None}
    ends = (parts["discounts"] > 0).double()  # where every end is a termination
    parts["continues"] = ends
    parts["next_values"] = torch.cat([parts["values"][1:], parts["next_values"][-1:]])
    targets, advantages = vtrace(**parts, lambda_=0.8)
    last = parts["next_values"][-1]
    wanted, returns = gae(parts["rewards"], parts["values"], ends, GAMMA, 0.8, last)
    torch.testing.assert_close(advantages, wanted)
    torch.testing.assert_close(targets, returns)
    td = lambda_returns(parts["rewards"], parts["next_values"], ends, GAMMA, 0.8)
    torch.testing.assert_close(targets, td)


def test_leak_goes_from_bounded_to_unbounded_weights():
    parts = unroll(3)
    sealed = vtrace(**parts, lambda_=0.9)
    tensors = vtrace(**parts, lambda_=0.9, leak=torch.tensor(0.0))
    plain = vtrace(**parts, lambda_=0.9, rho_bar=None, c_bar=None)
    open_ = vtrace(**parts, lambda_=0.9, leak=1.0)
    torch.testing.assert_close(sealed, tensors)
    torch.testing.assert_close(open_, plain)
    assert not torch.allclose(sealed.targets, plain.targets)


def test_a_truncation_is_not_a_termination():
    parts = unroll(4)
    parts["discounts"], parts["continues"] = torch.full((2, T, B), GAMMA, dtype=torch.float64)
    parts["continues"] = torch.ones(T, B, dtype=torch.float64)
    parts["continues"][2] = 0.0
    cut = vtrace(**parts)
    parts["next_values"][2] += 1.0  # the cut episode's value goes on to count
    assert (vtrace(**parts).targets != cut.targets)[:3].any(dim=1).all()
    parts["discounts"][2] = 0.0
    over = vtrace(**parts)
    parts["next_values"][2] += 1.0
    assert torch.equal(vtrace(**parts).targets, over.targets)
    parts["rewards"][3:] += 1.0  # and nothing of the next episode crosses either end
    assert torch.equal(vtrace(**parts).targets[:3], over.targets[:3])


def test_retrace_is_the_sum_of_its_definition():
    parts = unroll(5)
    targets = retrace(**parts, lambda_=0.8)
    c = [[0.8 * one for one in row] for row in weights(parts["log_rho"], 1.0, 0.0)]
    for row in range(B):
        at = {name: part[:, row].tolist() for name, part in parts.items()}
        for step in range(T):
            wanted, factor = at["values"][step], 1.0
            for k in range(step, T):
                if k > step:
                    factor *= at["discounts"][k - 1] * at["continues"][k - 1] * c[k][row]
                ahead = at["discounts"][k] * at["next_values"][k]
                wanted += factor * (at["rewards"][k] + ahead - at["values"][k])
            assert float(targets[step, row]) == pytest.approx(wanted, abs=1e-9)


def test_scan_is_differentiable_twice():
    generator = torch.Generator().manual_seed(6)
    inputs = tuple(
        torch.randn(5, 3, dtype=torch.float64, generator=generator).requires_grad_()
        for _ in range(2)
    )
    assert torch.autograd.gradcheck(scan, inputs)
    assert torch.autograd.gradgradcheck(scan, inputs)


@pytest.mark.parametrize("shape", [(), (T, B)], ids=["numbers", "of each step"])
def test_gradients_in_gamma_lambda_and_leak(shape):
    parts = unroll(7)
    alive = (parts.pop("discounts") > 0).double()
    inputs = tuple(
        torch.full(shape, number, dtype=torch.float64, requires_grad=True)
        for number in (0.9, 0.8, 0.2)
    )

    def both(gamma, lambda_, leak):
        return vtrace(**parts, discounts=gamma * alive, lambda_=lambda_, leak=leak)

    assert torch.autograd.gradcheck(both, inputs)
    if not shape:
        assert torch.autograd.gradgradcheck(both, inputs)
    values = parts.pop("values").clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda values: vtrace(**parts, values=values, discounts=0.9 * alive).advantages, (values,)
    )


def test_lambda_returns_take_a_lambda_of_each_step():
    parts = unroll(8)
    arguments = parts["rewards"], parts["next_values"], parts["continues"], 0.9
    whole = lambda_returns(*arguments, torch.full((T, B), 0.6, dtype=torch.float64))
    assert torch.equal(whole, lambda_returns(*arguments, 0.6))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"one shape \[T"):
        scan(torch.zeros(3, 2), torch.zeros(3, 1))
    with pytest.raises(ValueError, match="at least one step"):
        scan(torch.zeros(0, 2), torch.zeros(0, 2))
