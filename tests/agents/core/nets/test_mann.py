"""Access to a memory by content and by least recent use, beside numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch

from agents.core.nets.cores import make_core
from agents.core.nets.mann import Memory, access

N, W = 3, 2
OPEN, SHUT = torch.ones(1, 1), torch.zeros(1, 1)  # gates: where it read last, or the least used


def empty(heads=1):
    return Memory(torch.zeros(1, N, W), torch.zeros(1, heads, N), torch.zeros(1, N))


def key(*numbers):
    return torch.tensor([[numbers]], dtype=torch.float32)


def test_two_steps_are_those_worked_out_by_hand():
    strength = torch.tensor([[2.0]])
    read, memory = access(empty(), key(3.0, 4.0), strength, SHUT, 0.5)
    assert memory.slots[0].tolist() == [[3, 4], [0, 0], [0, 0]]
    mine = torch.tensor(2.0).exp() / (torch.tensor(2.0).exp() + 2)  # its cosine is 1, others' 0
    rest = (1 - mine) / 2
    weights = torch.stack([mine, rest, rest])
    torch.testing.assert_close(memory.weights[0, 0], weights, rtol=0, atol=1e-6)
    torch.testing.assert_close(read[0, 0], mine * torch.tensor([3.0, 4.0]), rtol=0, atol=1e-5)
    torch.testing.assert_close(memory.usage[0], weights + torch.tensor([1.0, 0, 0]))
    gate = torch.tensor([[0.25]])  # a quarter where it read, the rest over slot 1
    _, after = access(memory, key(-4.0, 3.0), strength, gate, 0.5)
    written = 0.25 * weights + 0.75 * torch.tensor([0.0, 1, 0])
    slots = torch.tensor([[3.0, 4], [0, 0], [0, 0]]) + written[:, None] * torch.tensor([-4.0, 3])
    torch.testing.assert_close(after.slots[0], slots)
    lengths = slots.norm(dim=1) * 5
    cosines = slots @ torch.tensor([-4.0, 3]) / lengths
    torch.testing.assert_close(
        after.weights[0, 0], torch.softmax(2 * cosines, 0), rtol=0, atol=1e-4
    )
    torch.testing.assert_close(after.usage, 0.5 * memory.usage + after.weights[0] + written)


def test_the_least_recently_used_slot_is_emptied_and_overwritten():
    memory, sharp = empty(), torch.tensor([[50.0]])
    for one in (key(1.0, 0.0), key(0.0, 1.0), key(-1.0, 0.0)):
        memory = access(memory, one, sharp, SHUT, 0.9)[1]
    assert memory.slots[0].tolist() == [[1, 0], [0, 1], [-1, 0]]  # each in a fresh slot
    read, memory = access(memory, key(1.0, 0.0), sharp, OPEN, 0.9)
    # with the gate open it writes where it read last: slot 2; slot 0, the oldest, was emptied
    torch.testing.assert_close(memory.slots[0], torch.tensor([[0.0, 0], [0, 1], [0, 0]]))
    assert memory.usage[0].argmin() != 2
    memory = access(memory, key(0.5, 0.5), sharp, SHUT, 0.9)[1]
    assert memory.slots[0, 0].tolist() == [0.5, 0.5] or memory.slots[0, 1].tolist() == [0.5, 0.5]


def test_heads_write_over_slots_of_their_own():
    keys = torch.tensor([[[1.0, 0], [0, 1]]])
    shut = torch.zeros(1, 2)
    memory = access(empty(2), keys, torch.ones(1, 2), shut, 0.9)[1]
    assert memory.slots[0].tolist() == [[1, 0], [0, 1], [0, 0]]
    used = memory.usage[0]
    assert used[:2].min() > used[2] and memory.weights.sum(dim=2).allclose(torch.ones(1, 2))


def test_what_was_written_is_recalled_by_its_key_and_gradients_reach_both():
    first, cue = key(1.0, 0.2).requires_grad_(), key(0.9, 0.3).requires_grad_()
    sharp = torch.tensor([[20.0]])
    memory = access(empty(), first, sharp, SHUT, 0.9)[1]
    memory = access(memory, key(-1.0, 0.5), sharp, SHUT, 0.9)[1]
    read, _ = access(memory, cue, sharp, OPEN, 0.9)
    assert torch.nn.functional.cosine_similarity(read[0, 0], first[0, 0], dim=0) > 0.9
    read.sum().backward()
    assert first.grad.abs().sum() > 0 and cue.grad.abs().sum() > 0


def test_bad_sizes_are_errors():
    with pytest.raises(ValueError, match="n_slots=1 must be at least n_heads=2"):
        make_core("mann", 3, {}, {"n_slots": 1})
    with pytest.raises(ValueError, match="slot_size=0 must be at least 1"):
        make_core("mann", 3, {}, {"slot_size": 0})
    with pytest.raises(ValueError, match=r"decay=1\.0 must be between"):
        make_core("mann", 3, {}, {"decay": 1.0})
