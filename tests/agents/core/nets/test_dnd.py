"""Dictionaries: exact neighbours, kernel weights and their gradients, writing, order of leaving."""

from __future__ import annotations

import pytest
import torch

from agents.core.nets.dnd import DND, kernel_weights, nearest


def filled(capacity=4):
    store = DND(2, 3, capacity, 2)
    keys = torch.tensor([[0.0, 0], [3, 4], [0, 1]])
    store.write(1, 2, keys, torch.tensor([10.0, 20, 30]))
    return store, keys


def test_neighbours_are_exact_and_missing_ones_infinitely_far():
    store, _ = filled()
    found = store.nearest(1, torch.tensor([[0.0, 0.9]]), 4)
    assert found.place[2, 0, :3].tolist() == [2, 0, 1]
    torch.testing.assert_close(found.squared[2, 0, :2], torch.tensor([0.01, 0.81]))
    assert found.found[2].sum() == 3 and not found.found[:2].any()
    assert not store.nearest(0, torch.zeros(1, 2), 4).found.any()
    alone = store.nearest(1, torch.tensor([[0.0, 0.9]]), 4, action=2)
    assert torch.equal(alone.place, found.place[2:]) and alone.found.sum() == 3
    keys, queries = torch.randn(40, 5), torch.randn(7, 5)
    table = (queries[:, None] - keys).square().sum(dim=-1).sort(dim=1)
    some = nearest(keys, torch.ones(40, dtype=torch.bool), queries, 6)
    assert torch.equal(some.place, table.indices[:, :6])
    torch.testing.assert_close(some.squared, table.values[:, :6])


def test_weights_sum_to_one_and_are_those_of_the_kernel():
    query, keys = torch.tensor([[0.0, 0.0]]), torch.tensor([[[0.0, 1], [3, 4], [9, 9]]])
    found = torch.tensor([[True, True, False]])
    weights = kernel_weights(query, keys, found, 0.5)
    own = torch.tensor([1 / 1.5, 1 / 25.5, 0.0])
    torch.testing.assert_close(weights[0], own / own.sum())
    assert not kernel_weights(query, keys, torch.zeros_like(found)).any()


def test_gradients_reach_query_keys_and_values():
    query = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    keys = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    values = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    found = torch.ones(2, 4, dtype=torch.bool)

    def read(query, keys, values):
        return (kernel_weights(query, keys, found, 0.1) * values).sum(dim=-1)

    assert torch.autograd.gradcheck(read, (query, keys, values))
    gradients = torch.autograd.grad(read(query, keys, values).sum(), (query, keys, values))
    assert all((part.abs().sum(dim=-1) > 0).all() for part in gradients)


@pytest.mark.parametrize(
    ("mode", "alpha", "then"), [("max", 1.0, 20), ("average", 0.25, 16.25), ("replace", 0.1, 5)]
)
def test_a_known_key_keeps_its_place(mode, alpha, then):
    store, keys = filled()
    near = keys[1:2] + 1e-6
    store.write(1, 2, near, torch.tensor([5.0]), mode, alpha)
    assert store.size[1, 2] == 3
    assert store.values[1, 2, 1] == then and torch.equal(store.keys[1, 2, 1], keys[1])
    store.write(1, 2, near, torch.tensor([7.0]), "average", 1.0)
    assert store.values[1, 2, 1] == 7


def test_what_was_used_longest_ago_makes_room():
    store, keys = filled(capacity=3)
    store.touch(1, store.nearest(1, keys[:1], 1))  # the first was read
    store.write(1, 2, torch.tensor([[7.0, 7]]), torch.tensor([40.0]))
    assert store.values[1, 2].tolist() == [10, 40, 30]
    store.write(1, 2, keys[2:], torch.tensor([31.0]))  # the third was written
    store.write(1, 2, torch.tensor([[8.0, 8]]), torch.tensor([50.0]))
    assert store.values[1, 2].tolist() == [50, 40, 31] and store.size[1, 2] == 3


def test_gradient_steps_on_one_entry_add_up():
    store, keys = filled()
    index = torch.tensor([1, 1, 0])
    store.move(1, 2, index, torch.ones(3, 2), torch.tensor([1.0, 2, 3]))
    assert store.values[1, 2, :3].tolist() == [13, 23, 30]
    assert torch.equal(store.keys[1, 2, 1], keys[1] + 2)
    assert store.gather(1, 2, index)[1].tolist() == [23, 23, 13]


def test_a_mark_is_what_a_checkpoint_gets():
    store, keys = filled(capacity=3)
    store.mark()
    before = store.marked_state()
    store.write(1, 2, torch.tensor([[7.0, 7]]), torch.tensor([40.0]))  # the first must go
    store.write(0, 0, keys, torch.ones(3))
    store.move(1, 2, torch.tensor([1]), torch.ones(1, 2), torch.ones(1))
    store.touch(1, store.nearest(1, keys[:1], 1))
    store.clear([0, 1])
    assert not store.size.any()
    after = store.marked_state()
    assert all(torch.equal(after[name], part) for name, part in before.items())
    other = DND(2, 3, 5, 2)
    other.set_state(after)
    assert other.values[1, 2, :3].tolist() == [10, 20, 30] and other.size[1, 2] == 3
    with pytest.raises(ValueError, match="keys is .* this one's"):
        DND(2, 3, 5, 3).set_state(after)
    with pytest.raises(ValueError, match="exceed"):
        other.set_state({**after, "size": after["size"] + 9})


def test_bad_sizes_and_modes_are_refused():
    with pytest.raises(MemoryError, match=r"capacity=\d+ entries in each of 6 dictionaries need"):
        DND(2, 3, 10**12, 64)
    with pytest.raises(ValueError, match="key_size=0 must be at least 1"):
        DND(2, 3, 4, 0)
    with pytest.raises(ValueError, match="mode='maximum'.*'max'"):
        filled()[0].write(0, 0, torch.zeros(1, 2), torch.zeros(1), "maximum")
