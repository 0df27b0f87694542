"""Returns and advantages, once for every agent. T steps, B rows; all [T, B], time-major.

One reverse linear recurrence (`scan`) serves them all: `vtrace` (and with it TD(lambda), lambda
returns and generalised advantages), `retrace`, `gae` and `lambda_returns`. Discounts and lambdas
are numbers or tensors, [] or [T, B]; everything is differentiable in everything, twice. Nothing is
detached here: who wants constants detaches them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

Weight = float | torch.Tensor


class _Scan(torch.autograd.Function):
    """See `scan`. The backward pass is the same recurrence, run forwards in time."""

    @staticmethod
    def forward(deltas: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(deltas, memory_format=torch.contiguous_format)
        carried = torch.zeros_like(deltas[0])
        slots = zip(out.unbind(), deltas.unbind(), weights.unbind(), strict=True)
        for slot, delta, weight in reversed(list(slots)):
            carried = torch.addcmul(delta, weight, carried, out=slot)
        return out

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: torch.Tensor) -> None:
        ctx.save_for_backward(inputs[1], output)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        weights, out = ctx.saved_tensors
        nothing = torch.zeros_like(grad[:1])
        earlier = torch.cat([nothing, weights[:-1]])  # of the step before
        of_deltas = scan(grad.flip(0), earlier.flip(0)).flip(0)
        if not ctx.needs_input_grad[1]:
            return of_deltas, None
        return of_deltas, of_deltas * torch.cat([out[1:], nothing])


def scan(deltas: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return x of the reverse recurrence x[t] = deltas[t] + weights[t] * x[t + 1], x[T] = 0.

    Args:
        deltas: [T, ...].
        weights: Of the same shape; the last is not used.

    Returns:
        x [T, ...], differentiable any number of times.

    Raises:
        ValueError: If the shapes differ or there is no step.
    """
    if deltas.shape != weights.shape or not len(deltas):
        raise ValueError(
            f"deltas {tuple(deltas.shape)} and weights {tuple(weights.shape)} must have one shape "
            "[T, ...], with at least one step"
        )
    return _Scan.apply(deltas, weights)


class VTrace(NamedTuple):
    """What `vtrace` returns."""

    targets: torch.Tensor  # of the values, [T, B]
    advantages: torch.Tensor  # of the policy gradient, [T, B]


def vtrace(
    rewards: torch.Tensor,
    values: torch.Tensor,
    next_values: torch.Tensor,
    discounts: torch.Tensor,
    continues: torch.Tensor,
    log_rho: torch.Tensor | None,
    lambda_: Weight = 1.0,
    *,
    rho_bar: float | None = 1.0,
    c_bar: float | None = 1.0,
    leak: Weight = 0.0,
) -> VTrace:
    """Return V-trace's targets and advantages, leaky where wanted.

    With delta = rho (r + d V' - V) and c = lambda min(c_bar, rho), the errors e = v - V follow
    e[t] = delta[t] + d[t] continues[t] c[t] e[t + 1]; the advantage is
    rho (r + d (V' + lambda continues e[t + 1]) - V). A truncation is not a termination: it cuts the
    carry (`continues` is 0) and still counts what comes after by its value (`discounts` is not 0).
    The unroll's end cuts the carry by itself.

    On policy (`log_rho=None`) the targets are lambda returns, which at lambda 1 are n-step returns,
    and the advantages are generalised advantages.

    Args:
        rewards: After each step, [T, B].
        values: Of the state before each step, V, [T, B].
        next_values: Of each step's true successor, V', [T, B].
        discounts: Gamma; 0 only where the episode terminated, d, [T, B].
        continues: 0 where the episode ended, be it terminated or truncated, else 1, [T, B].
        log_rho: Log of the target policy's probability of the action over that of the policy that
            acted, [T, B]; None is on policy.
        lambda_: [] or [T, B].
        rho_bar: Bound of the weights in delta and the advantage; None for none.
        c_bar: Bound of the weights in the carry; None for none.
        leak: Share of unbounded weights in all of them, [] or [T, B]: 0 is V-trace, 1 is plain
            importance sampling. (1 - alpha, where papers write alpha.)

    Source:
        Espeholt et al. 2018, section 4.1; lambda in c as its remark 2; the advantage's lambda as in
        rlax. Leaky: Zahavy et al. 2020, equation 5 (lambda multiplies both halves).
    """
    if log_rho is None:
        rho: Weight = 1.0
        trace = lambda_
    else:
        ratio = log_rho.exp()
        rho = _leaky(ratio, rho_bar, leak)
        trace = lambda_ * _leaky(ratio, c_bar, leak)
    going_on = discounts * continues
    deltas = rho * (rewards + discounts * next_values - values)
    errors = scan(deltas, going_on * trace)
    later = torch.cat([errors[1:], torch.zeros_like(errors[:1])])
    ahead = rewards + discounts * next_values + going_on * lambda_ * later
    return VTrace(values + errors, rho * (ahead - values))


def retrace(
    rewards: torch.Tensor,
    values: torch.Tensor,
    next_values: torch.Tensor,
    discounts: torch.Tensor,
    continues: torch.Tensor,
    log_rho: torch.Tensor,
    lambda_: Weight = 1.0,
    *,
    c_bar: float | None = 1.0,
) -> torch.Tensor:
    """Return Retrace's targets of action values, [T, B].

    Args:
        rewards: After each step, [T, B].
        values: Of the action taken, Q(s, a), [T, B].
        next_values: Of each step's true successor, the mean of Q over the target policy, [T, B].
        discounts: As in `vtrace`.
        continues: As in `vtrace`.
        log_rho: As in `vtrace`; the first step's is not used.
        lambda_: [] or [T, B].
        c_bar: Bound of the weights; None for none.

    Source:
        Munos et al. 2016, equation 3 with c = lambda min(1, rho).
    """
    trace = lambda_ * _leaky(log_rho.exp(), c_bar, 0.0)
    after = torch.cat([trace[1:], torch.zeros_like(trace[:1])])  # of the next step's action
    deltas = rewards + discounts * next_values - values
    return values + scan(deltas, discounts * continues * after)


def gae(
    rewards: torch.Tensor,
    values: torch.Tensor,
    continues: torch.Tensor,
    gamma: Weight,
    gae_lambda: Weight,
    last_value: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return generalised advantages and the returns they imply, where all ends are terminations.

    Args:
        rewards: After each step, [T, B].
        values: Of the state before each step, [T, B].
        continues: 0 where nothing follows the step (a trial's end), else 1, [T, B].
        gamma: Discount.
        gae_lambda: Lambda.
        last_value: Of the state after the last step, [B]; None is 0.

    Returns:
        Advantages [T, B], and returns (advantages + values) [T, B].

    Source:
        Schulman et al. 2016, equation 16.
    """
    after = torch.zeros_like(values[0]) if last_value is None else last_value
    next_values = torch.cat([values[1:], after[None]])
    deltas = rewards + gamma * continues * next_values - values
    advantages = scan(deltas, gamma * gae_lambda * continues)
    return advantages, advantages + values


def lambda_returns(
    rewards: torch.Tensor,
    next_values: torch.Tensor,
    continues: torch.Tensor,
    gamma: Weight,
    lambda_: Weight,
) -> torch.Tensor:
    """Return lambda-returns, where all ends are terminations.

    Args:
        rewards: After each step, [T, B].
        next_values: Of the state after each step, [T, B].
        continues: 0 where nothing follows the step, else 1, [T, B].
        gamma: Discount.
        lambda_: 0 is one step, 1 the discounted sum.

    Source:
        Sutton and Barto 2018, equation 12.3.
    """
    discounts = gamma * continues
    bootstraps = torch.cat([((1 - lambda_) * next_values)[:-1], next_values[-1:]])
    return scan(rewards + discounts * bootstraps, discounts * lambda_)


def _leaky(ratio: torch.Tensor, bar: float | None, leak: Weight) -> torch.Tensor:
    """Return importance weights bounded by `bar`, of which a share `leak` is not."""
    if bar is None:
        return ratio
    bounded = ratio.clamp(max=bar)
    if not isinstance(leak, torch.Tensor) and leak == 0.0:
        return bounded  # an infinite ratio stays out of it
    return bounded + leak * (ratio - bounded)
