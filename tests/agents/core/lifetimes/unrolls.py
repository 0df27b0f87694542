"""Random unrolls for tests, with a termination, a truncation and rows of several learners."""

from __future__ import annotations

import torch
from gymnasium import spaces

from agents.core.lifetimes.rule import Unroll
from agents.core.nets.actor_critic import ActorCritic

SEEN, MOVES = spaces.Box(-1.0, 1.0, (3,)), spaces.Discrete(2)
STEPS, ROWS = 4, 2


def network(**keywords) -> ActorCritic:
    return ActorCritic(SEEN, MOVES, [4], **keywords)


def make(
    seed: int, learners: int = 1, dtype: torch.dtype = torch.float64, net: ActorCritic | None = None
) -> Unroll:
    """Return an unroll [STEPS, learners, ROWS]: row 0 terminates, row 1 is cut."""
    net = net or network()
    generator = torch.Generator().manual_seed(seed)
    shape = (STEPS, learners, ROWS)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    ones = torch.ones(shape, dtype=dtype)
    alive, continues, cut = ones.clone(), ones.clone(), torch.zeros_like(ones)
    alive[1, :, 0] = continues[1, :, 0] = continues[0, :, 1] = continues[-1] = 0.0
    cut[0, :, 1] = 1.0
    return Unroll(
        inputs=normal(STEPS + 1, learners, ROWS, 3),
        actions=torch.randint(2, shape, generator=generator),
        rewards=normal(*shape),
        alive=alive,
        continues=continues,
        mask=ones,
        record={"policy": torch.log_softmax(normal(*shape, 2), dim=-1)},
        cut=cut,
        cut_inputs=normal(*shape, 3),
    )


def doubled(learners):
    """Return learners in float64, with policies and optimisers as in the midst of their lives.

    At its first step Adam moves by the gradient's sign: nothing could be differentiated.
    """
    generator = torch.Generator().manual_seed(9)
    after = {
        name: part.double() if part.is_floating_point() else part for name, part in learners.items()
    }
    noise = torch.randn(after["policy"].shape, generator=generator, dtype=torch.float64)
    after["policy"] = after["policy"] + 0.3 * noise
    if "optimizer.squares" in after:
        after["optimizer.squares"] = 0.1 * noise.square()
    if "optimizer.steps" in after:
        after["optimizer.steps"] = after["optimizer.steps"] + 3
    return after


def slopes(objective, eta, columns, width=1e-5, most=3):
    """Return directions [D, E], and finite differences of an objective along each, [M, D].

    Args:
        objective: Takes eta [M, E], returns [M].
        eta: Where.
        columns: Those of eta that hold numbers; directions are single ones, if there are few.
        width: Half the step.
        most: D is at most this.
    """
    directions = torch.zeros(min(most, len(columns)), eta.shape[1], dtype=eta.dtype)
    if len(columns) <= most:
        directions[range(len(columns)), columns] = 1.0
    else:
        generator = torch.Generator().manual_seed(2)
        drawn = torch.randn(most, len(columns), generator=generator, dtype=eta.dtype)
        directions[:, columns] = drawn
    found = [
        (objective(eta + width * one) - objective(eta - width * one)) / (2 * width)
        for one in directions
    ]
    return directions, torch.stack(found, dim=1)
