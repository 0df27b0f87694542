"""Optimisers go on where they were."""

import pytest
import torch

from agents.core.saving.checkpoint import (
    pack_optimizer,
    read_checkpoint,
    unpack_optimizer,
    write_checkpoint,
)


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        (lambda p: torch.optim.Adam(p, lr=1 / 3, betas=(0.8, 0.99), amsgrad=True), 3),
        (lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True, momentum=0.9), 3),
        (lambda p: torch.optim.SGD([{"params": p[:1], "lr": 0.5}, {"params": p[1:]}], lr=0.1), 3),
        (lambda p: torch.optim.SGD(p, lr=torch.tensor(0.1), momentum=0.9), 3),
        (lambda p: torch.optim.Adam(p), 0),
    ],
)
def test_optimisers_go_on_bit_for_bit(tmp_path, make, steps):
    def parameters():
        return [torch.nn.Parameter(torch.full((2, 3), 0.3)), torch.nn.Parameter(torch.ones(4))]

    def play(optimizer, params, times):
        for i in range(times):
            optimizer.zero_grad()
            sum(((p - 0.1 * i) ** 3).sum() for p in params).backward()
            optimizer.step()

    first = parameters()
    optimizer = make(first)
    play(optimizer, first, steps)
    packed, tensors = pack_optimizer(optimizer)
    snapshot = [p.detach().clone() for p in first]
    play(optimizer, first, 2)  # must not reach into what was packed

    write_checkpoint(tmp_path / "o.zip", packed, {"optimizer": tensors})
    data, groups = read_checkpoint(tmp_path / "o.zip")
    second = [torch.nn.Parameter(p) for p in snapshot]
    other = make(second)
    for group in other.param_groups:
        group["lr"] = 77.0  # the saved numbers win
    unpack_optimizer(other, data, groups["optimizer"])
    play(other, second, 2)
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)
    packed_a, tensors_a = pack_optimizer(optimizer)
    packed_b, tensors_b = pack_optimizer(other)
    assert packed_a == packed_b
    assert tensors_a.keys() == tensors_b.keys()
    for name, tensor in tensors_a.items():
        assert torch.equal(tensor, tensors_b[name])
        assert tensor.dtype == tensors_b[name].dtype


def test_an_optimiser_state_of_others_is_refused():
    parameter = torch.nn.Parameter(torch.ones(3))
    adam = torch.optim.Adam([parameter])
    parameter.sum().backward()
    adam.step()
    packed, tensors = pack_optimizer(adam)
    with pytest.raises(ValueError, match="optimiser Adam, and was given to SGD"):
        unpack_optimizer(torch.optim.SGD([parameter]), packed, tensors)
    other = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    with pytest.raises(ValueError, match="'exp_avg' of parameter 0 does not fit"):
        unpack_optimizer(other, packed, tensors)
