"""MIL's meta-gradient equals finite differences; what its learnt loss moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from agents import MIL

from .toys import SIDES

VARIANTS: dict[str, dict[str, Any]] = {
    "one head": {},
    "two steps, rates learnt": {
        "inner_steps": 2,
        "learn_inner_lr": True,
        "inner_lr_shape": "tensor",
    },
    "discrete": {"env_kwargs": {"discrete": True}},
    "two heads, no actions": {"two_heads": True, "demo_actions": False},
    "video alone": {
        "two_heads": True,
        "demo_actions": False,
        "demo_states": False,
        "env_kwargs": {"frames": True},
    },
}
_SMALL: dict[str, Any] = {"net_arch": (3,), "bias_transformation": 2, "layer_norm": "all"}
_OF_FRAMES: dict[str, Any] = {
    **_SMALL,
    "filters": (2,),
    "spatial_softmax": True,
    "image_transformation": True,
}


def make(**given: Any) -> Any:
    frames = given.get("env_kwargs", {}).get("frames")
    small: dict[str, Any] = {"n_envs": 4, "n_episodes": 2, "n_tasks": 3, "n_batches": 2, "seed": 0}
    small |= {"inner_lr": 0.1, "policy_kwargs": _OF_FRAMES if frames else _SMALL}
    return MIL("ImitationPolicy", SIDES, preset=None, **{**small, **given})


def scenes(agent: Any) -> tuple[Any, Any]:
    """Return demonstrations of both tasks, those shown and those asked for, in float64."""
    agent.policy.double()
    agent.rates.double()
    generator = torch.Generator().manual_seed(1)
    for part in agent.policy.parameters():  # where nothing is 0, and no ReLU at its corner
        part.data += 0.3 * torch.randn(part.shape, generator=generator, dtype=part.dtype)
    agent._ready()
    drawn = agent._scenes.draw(np.random.default_rng(0), agent.n_tasks, 2)
    found = []
    for index in (drawn[:, :1], drawn[:, 1:]):
        one = agent._scenes.scenes.take(index)
        if one.targets.is_floating_point():
            one = type(one)(one.inputs, one.targets.double(), one.mask.double(), one.ends)
        found.append(one)
    return found[0], found[1]


def gradient(agent: Any, given: Any, asked: Any) -> torch.Tensor:
    trained = agent._trained_parameters
    loss = agent.outer_loss(given, asked)
    parts = torch.autograd.grad(loss, trained, allow_unused=True)
    whole = [torch.zeros_like(t) if p is None else p for p, t in zip(parts, trained, strict=True)]
    return torch.cat([part.flatten() for part in whole])


def slopes(
    agent: Any, given: Any, asked: Any, size: float = 1e-6
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss's slopes along random directions, by the gradient and by differences."""
    trained = agent._trained_parameters
    whole = gradient(agent, given, asked)
    start = torch.nn.utils.parameters_to_vector(trained).detach().clone()
    generator = torch.Generator().manual_seed(2)
    found, wanted = [], []
    for _ in range(6):
        way = torch.randn(start.shape, generator=generator, dtype=start.dtype)
        ends = []
        for sign in (1, -1):
            torch.nn.utils.vector_to_parameters(start + sign * size * way, trained)
            ends.append(agent.outer_loss(given, asked).item())
        found.append(whole @ way)
        wanted.append((ends[0] - ends[1]) / (2 * size))
    torch.nn.utils.vector_to_parameters(start, trained)
    return torch.stack(found), torch.tensor(wanted, dtype=torch.float64)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_meta_gradient_equals_finite_differences(name: str) -> None:
    agent = make(**VARIANTS[name])
    given, asked = scenes(agent)
    found, wanted = slopes(agent, given, asked)
    assert wanted.abs().max() > 1e-3
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", ["one head", "two heads, no actions"])
def test_inner_gradients_as_constants_give_another_gradient(name: str) -> None:
    agent = make(**VARIANTS[name], first_order=True)
    given, asked = scenes(agent)
    found, wanted = slopes(agent, given, asked)
    assert not torch.allclose(found, wanted, rtol=1e-2, atol=1e-4)


def test_a_learnt_loss_moves_lower_layers_with_actions_hidden() -> None:
    agent = make(**VARIANTS["two heads, no actions"])
    given, asked = scenes(agent)
    hidden = type(given)(given.inputs, None, given.mask, given.ends)
    before = dict(agent.policy.named_parameters())
    after = agent.adapt(hidden, differentiable=False)
    moved = {name: (part - before[name]).abs().max().item() > 0 for name, part in after.items()}
    unmoved = {"head.weight", "head.bias"}
    assert {name for name, does in moved.items() if not does} == unmoved
    # the loss is the first head's answer, squared: without it, nothing would move
    agent.policy.first_head.weight.data.zero_()
    agent.policy.first_head.bias.data.zero_()
    still = agent.adapt(hidden, differentiable=False)
    assert all(torch.equal(part, before[name].expand_as(part)) for name, part in still.items())


def test_a_step_by_hand() -> None:
    """Without layers, an answer is w x + v z + b, and the step on one demonstration is known."""
    agent = make(inner_lr=0.05, loss_multiplier=2.0, policy_kwargs={"net_arch": (),
                 "bias_transformation": 1})  # fmt: skip
    given, _ = scenes(agent)
    w, b = agent.policy.head.weight.detach(), agent.policy.head.bias.detach()
    z, x = agent.policy.vector.detach(), given.inputs.double()[..., 0]
    error = 4.0 * (w[0, 0] * x + w[0, 1] * z + b - given.targets[..., 0])
    after = agent.adapt(given, differentiable=False)
    wanted = w[0, 0] - 0.05 * 2 * (error * x).mean(dim=1)
    torch.testing.assert_close(after["head.weight"][:, 0, 0], wanted)
    wanted = b - 0.05 * 2 * error.mean(dim=1)
    torch.testing.assert_close(after["head.bias"][:, 0], wanted)
    wanted = z - 0.05 * 2 * error.mean(dim=1) * w[0, 1]
    torch.testing.assert_close(after["vector"][:, 0], wanted)
