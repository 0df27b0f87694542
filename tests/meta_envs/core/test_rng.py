from __future__ import annotations

import numpy as np
import pytest

from meta_envs.core import rng
from meta_envs.core.rng import RowRandom, fold, generator

_BLOCK = 256


def test_folded_seeds_are_below_2_to_62_and_distinct() -> None:
    seeds = [0, 1, 2, 3, 2**31, 2**32 - 1, 2**32, 2**61]
    purposes = ["collect", "evaluate", "tasks", ""]
    folded = [fold(s, p, i) for s in seeds for p in purposes for i in (*range(64), 2**40)]
    assert all(type(one) is int and 0 <= one < 2**62 for one in folded)
    assert len(set(folded)) == len(folded)
    gaps = np.diff(np.sort(np.array(folded)))
    assert gaps.min() > 10**6  # rows of different folds never meet: far more than any num_envs


def test_folding_a_folded_seed_gives_another_one() -> None:
    once = fold(0, "collect", 1)
    assert fold(once, "collect", 1) not in (once, fold(0, "collect", 2))
    assert fold(np.int64(7), "x", np.int64(2)) == fold(7, "x", 2)


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1)])
def test_folding_refuses_negative_numbers(seed: int, index: int) -> None:
    with pytest.raises(ValueError, match="(seed|index)=-1 must be from 0"):
        fold(seed, "collect", index)


def test_fresh_seeds_differ() -> None:
    assert len({rng.fresh_seed() for _ in range(100)}) == 100


def test_streams_of_a_seed_differ() -> None:
    first = {generator(3, stream).random() for stream in (rng.TASKS, rng.EPISODES, rng.SAMPLING)}
    assert len(first) == 3


def _drawn(source: RowRandom, row: int, plan: list[tuple[str, int]], others: bool) -> list[float]:
    """Draw for one row as planned; other rows draw in between, other amounts each."""
    seen: list[float] = []
    every = np.arange(source.num_rows)
    for step, (kind, size) in enumerate(plan):
        if others and step % 3 == 1:
            source.uniform(np.delete(every, row), size=step % 7 + 1)
            source.normal(np.delete(every, row)[: step % 4], size=step % 5 + 1)
        rows = every if others and step % 2 else np.array([row])
        numbers = getattr(source, kind)(rows, size)
        seen += numbers[list(rows).index(row)].tolist()
    return seen


@pytest.mark.parametrize("row", [0, 2, 4])
def test_what_a_row_draws_does_not_depend_on_other_rows(row: int) -> None:
    plan = [(("uniform", "normal")[i % 2], i % 9 + 1) for i in range(400)]  # through many blocks
    plan[50] = ("normal", _BLOCK + 5)  # more than a block at once
    alone = _drawn(RowRandom([10 + row]), 0, plan, others=False)
    among = _drawn(RowRandom(range(10, 15)), row, plan, others=True)
    assert alone == among


def test_blocks_are_the_stream_of_the_generator() -> None:
    source = RowRandom([5, 6])
    drawn = np.concatenate([source.uniform(size=3) for _ in range(300)], axis=1)
    for row in range(2):
        expected = generator(5 + row, rng.EPISODES).random(900)
        assert drawn[row].tolist() == expected.tolist()


@pytest.mark.parametrize("before", [1, 3, 255, 256, 257])
def test_sizes_at_the_edge_of_a_block_lose_and_repeat_nothing(before: int) -> None:
    source = RowRandom([9])
    drawn = [source.normal(size=size)[0] for size in (before, 1, 256, 2)]
    assert [len(one) for one in drawn] == [before, 1, 256, 2]
    numbers = np.concatenate(drawn)
    assert len(set(numbers.tolist())) == len(numbers)


def test_a_new_seed_starts_the_row_again_and_leaves_the_others() -> None:
    source, twin = RowRandom([1, 2, 3]), RowRandom([1, 2, 3])
    source.uniform(size=100), twin.uniform(size=100)
    source.normal(size=100), twin.normal(size=100)
    source.seed(np.array([1]), [77])
    after, going_on, fresh = source.uniform(size=4), twin.uniform(size=4), RowRandom([77])
    assert np.array_equal(after[[0, 2]], going_on[[0, 2]])
    assert np.array_equal(after[1], fresh.uniform(size=4)[0])
    assert np.array_equal(source.normal(size=4)[1], fresh.normal(size=4)[0])


def test_no_rows_draw_nothing() -> None:
    assert RowRandom([1, 2]).uniform(np.array([], dtype=int), size=3).shape == (0, 3)
