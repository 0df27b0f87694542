"""Values as DiscoRL's learners have them: categories of squashed numbers, and their targets.

M learners, T steps, B windows of each, A actions, V categories.
"""

from __future__ import annotations

import torch

BINS, LARGEST = 601, 300.0  # V, and the largest squashed value
_LINEAR = 1e-3
_TINY = 1e-6
Moments = dict[str, torch.Tensor]  # each [M]


def squash(values: torch.Tensor) -> torch.Tensor:
    """Return sign(x) (sqrt(|x| + 1) - 1) + x / 1000."""
    size = values.abs()
    return values.sign() * (size / ((size + 1).sqrt() + 1)) + _LINEAR * values


def unsquash(values: torch.Tensor) -> torch.Tensor:
    """Undo `squash`."""
    size = values.abs() + 1 + _LINEAR
    root = 2 * size / ((1 + 4 * _LINEAR * size).sqrt() + 1)  # without cancellation
    return values.sign() * (root.square() - 1).clamp(min=0.0)


def sign_log(values: torch.Tensor) -> torch.Tensor:
    """Return sign(x) log(|x| + 1)."""
    return values.sign() * values.abs().log1p()


def expected(logits: torch.Tensor) -> torch.Tensor:
    """Return the values [...] that categories [..., V] stand for."""
    support = torch.linspace(-LARGEST, LARGEST, BINS, dtype=logits.dtype, device=logits.device)
    return unsquash((logits.softmax(dim=-1) * support).sum(dim=-1))


def two_hot(values: torch.Tensor) -> torch.Tensor:
    """Return categories [..., V] that stand for values [...]: weights of the two nearest."""
    place = squash(values).clamp(-LARGEST, LARGEST) + LARGEST  # categories are 1 apart
    low = place.floor().long()
    share = (place - low).unsqueeze(-1)
    high = (low + 1).clamp(max=BINS - 1)
    zeros = values.new_zeros(*values.shape, BINS)
    return zeros.scatter(-1, low.unsqueeze(-1), 1 - share).scatter_add(
        -1, high.unsqueeze(-1), share
    )


def taken(values: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    """Return the part [M, T, B, ...] of values [M, T, B, A, ...] that belongs to actions."""
    index = actions.reshape(*actions.shape, *(1,) * (values.ndim - 3))
    index = index.expand(*actions.shape, 1, *values.shape[4:])
    return values.gather(3, index).squeeze(3)


def retrace(
    rewards: torch.Tensor,
    discounts: torch.Tensor,
    goes_on: torch.Tensor,
    ratio: torch.Tensor,
    action_values: torch.Tensor,
    after: torch.Tensor,
    lam: float,
) -> torch.Tensor:
    """Return targets of the values of the actions that were taken, each [M, T, B].

    Args:
        rewards: Of each step.
        discounts: 0 where the episode terminated.
        goes_on: 0 where it ended in any way.
        ratio: Probability of the action now, over that when acting.
        action_values: Of the actions taken.
        after: Values of the states that followed.
        lam: Lambda.

    Source:
        Munos et al. 2016 (arXiv 1606.02647), equation 3; but weights and values of the recursion
        are those of one step later than they should be, as in the published code: the rule was
        found with these.
    """
    steps = rewards.shape[1]
    weight = lam * ratio.clamp(max=1.0)
    targets = [rewards[:, -1] + discounts[:, -1] * after[:, -1]]
    for step in range(steps - 2, -1, -1):
        late = min(step + 2, steps - 1)
        ahead = weight[:, late] * (targets[-1] - action_values[:, late]) * goes_on[:, step]
        targets.append(rewards[:, step] + discounts[:, step] * (after[:, step] + ahead))
    return torch.stack(targets[::-1], dim=1)


def counted(
    scale: dict[str, torch.Tensor], values: torch.Tensor, decay: float
) -> dict[str, torch.Tensor]:
    """Return running moments `mean`, `square` and the decay so far, `left`, with new values.

    Args:
        scale: Each [M].
        values: [M, ...].
        decay: Share of what was known that stays.
    """
    flat = values.reshape(len(values), -1)
    return {
        "mean": decay * scale["mean"] + (1 - decay) * flat.mean(dim=1),
        "square": decay * scale["square"] + (1 - decay) * flat.square().mean(dim=1),
        "left": decay * scale["left"],
    }


def normalised(scale: Moments, values: torch.Tensor) -> torch.Tensor:
    """Return values [M, ...] less their running mean, in running deviations."""
    of_all = 1 / (1 - scale["left"])
    mean = scale["mean"] * of_all
    deviation = (scale["square"] * of_all - mean.square()).clamp(min=0.0).sqrt() + _TINY
    shape = -1, *(1,) * (values.ndim - 1)
    return (values - mean.reshape(shape)) / deviation.reshape(shape)
