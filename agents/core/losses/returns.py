"""Returns and advantages for all agents. T steps, B rows; all [T, B], time-major.

One reverse linear recurrence (`scan`) underlies them all: `vtrace` (and with it TD(lambda), lambda
returns and generalised advantages), `retrace`, `gae` and `lambda_returns`. Discounts and lambdas
are numbers or tensors, [] or [T, B]. Results are twice differentiable in every argument. Nothing is
detached here: detach arguments that are to be constants.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

Weight = float | torch.Tensor


class _Scan(torch.autograd.Function):
    """See `scan`. The backward pass is the same recurrence run forwards in time."""

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
        earlier = torch.cat([nothing, weights[:-1]])  # from the step before
        of_deltas = scan(grad.flip(0), earlier.flip(0)).flip(0)
        if not ctx.needs_input_grad[1]:
            return of_deltas, None
        return of_deltas, of_deltas * torch.cat([out[1:], nothing])


def scan(deltas: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return x from the reverse recurrence x[t] = deltas[t] + weights[t] * x[t + 1], x[T] = 0.

    Args:
        deltas: [T, ...].
        weights: Same shape as `deltas`; the last is not used.

    Returns:
        x [T, ...], differentiable any number of times.

    Raises:
        ValueError: If the shapes differ or there are no steps.
    """
    if deltas.shape != weights.shape or not len(deltas):
        raise ValueError(
            f"deltas {tuple(deltas.shape)} and weights {tuple(weights.shape)} must have one shape "
            "[T, ...], with at least one step"
        )
    return _Scan.apply(deltas, weights)


class VTrace(NamedTuple):
    """The result of `vtrace`."""

    targets: torch.Tensor  # targets of the values, [T, B]
    advantages: torch.Tensor  # advantages for the policy gradient, [T, B]


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
    """Return V-trace's targets and advantages, optionally leaky.

    With delta = rho (r + d V' - V) and c = lambda min(c_bar, rho), the errors e = v - V follow
    e[t] = delta[t] + d[t] continues[t] c[t] e[t + 1]; the advantage is
    rho (r + d (V' + lambda continues e[t + 1]) - V). A truncation is not a termination: it cuts the
    carry (`continues` is 0), but what follows still counts by its value (`discounts` is not 0). The
    end of the unroll cuts the carry in any case.

    On policy (`log_rho=None`) the targets are lambda returns (at lambda 1, n-step returns),
    and the advantages are generalised advantages.

    Args:
        rewards: Rewards after each step, [T, B].
        values: Values V of the state before each step, [T, B].
        next_values: Values V' of each step's true successor, [T, B].
        discounts: Discount d: gamma, or 0 where the episode terminated (not truncated), [T, B].
        continues: 0 where the episode ended, whether terminated or truncated, else 1, [T, B].
        log_rho: Log of the target policy's probability of the action over the acting policy's,
            [T, B]; None if on policy.
        lambda_: Lambda, [] or [T, B].
        rho_bar: Bound of the weights in delta and the advantage; None for none.
        c_bar: Bound of the weights in the carry; None for none.
        leak: Share of unbounded weights in all of these weights, [] or [T, B]: 0 is V-trace, 1 is
            plain importance sampling. (1 - alpha, where papers write alpha.)

    Source:
        Espeholt et al. 2018, section 4.1, with lambda in c as in its remark 2; lambda in the
        advantage as in rlax. Leaky: Zahavy et al. 2020, equation 5 (lambda multiplies both
        halves).
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
    """Return Retrace's targets for action values, [T, B].

    Args:
        rewards: Rewards after each step, [T, B].
        values: Values Q(s, a) of the actions taken, [T, B].
        next_values: Mean of Q over the target policy at each step's true successor, [T, B].
        discounts: As in `vtrace`.
        continues: As in `vtrace`.
        log_rho: As in `vtrace`; that of the first step is not used.
        lambda_: Lambda, [] or [T, B].
        c_bar: Bound of the weights; None for none.

    Source:
        Munos et al. 2016, equation 3 with c = lambda min(1, rho).
    """
    trace = lambda_ * _leaky(log_rho.exp(), c_bar, 0.0)
    after = torch.cat([trace[1:], torch.zeros_like(trace[:1])])  # for the next step's action
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
    """Return generalised advantages and the returns they imply; all ends count as terminations.

    Args:
        rewards: Rewards after each step, [T, B].
        values: Values of the state before each step, [T, B].
        continues: 0 where nothing follows the step (a trial's end), else 1, [T, B].
        gamma: Discount.
        gae_lambda: Lambda.
        last_value: Value of the state after the last step, [B]; None for 0.

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
    """Return lambda-returns; all ends count as terminations.

    Args:
        rewards: Rewards after each step, [T, B].
        next_values: Values of the state after each step, [T, B].
        continues: 0 where nothing follows the step, else 1, [T, B].
        gamma: Discount.
        lambda_: 0 gives one-step returns, 1 the discounted sum.

    Source:
        Sutton and Barto 2018, equation 12.3.
    """
    discounts = gamma * continues
    bootstraps = torch.cat([((1 - lambda_) * next_values)[:-1], next_values[-1:]])
    return scan(rewards + discounts * bootstraps, discounts * lambda_)


def _leaky(ratio: torch.Tensor, bar: float | None, leak: Weight) -> torch.Tensor:
    """Return importance weights of which all but a share `leak` is bounded by `bar`."""
    if bar is None:
        return ratio
    bounded = ratio.clamp(max=bar)
    if not isinstance(leak, torch.Tensor) and leak == 0.0:
        return bounded  # keeps an infinite ratio out of the sum
    return bounded + leak * (ratio - bounded)
