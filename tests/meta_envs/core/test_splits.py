from __future__ import annotations

import numpy as np
import pytest

from meta_envs.core.splits import held_out, interleave, resolve


def test_cells_alternate_and_begin_with_train() -> None:
    middles = (np.arange(8) + 0.5) / 8
    sides = [interleave(2.0 + 4.0 * middle, 2.0, 6.0, cells=8) for middle in middles]
    assert sides == ["train", "test"] * 4
    assert interleave(2.0, 2.0, 6.0, cells=8) == "train"


def test_both_splits_follow_the_distribution() -> None:
    values = np.random.default_rng(0).beta(2.0, 5.0, size=20_000)
    test = np.array([interleave(value, 0.0, 1.0) == "test" for value in values])
    assert abs(test.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(values))
    error = np.hypot(*(values[side].std() / np.sqrt(side.sum()) for side in (test, ~test)))
    assert abs(values[test].mean() - values[~test].mean()) < 4 * error


@pytest.mark.parametrize(("count", "n_test"), [(21, 5), (10, 2), (4, 1), (7, 7), (9, 0)])
def test_members_are_held_out_evenly(count: int, n_test: int) -> None:
    members = held_out(count, n_test)
    assert members.shape == (count,) and members.dtype == bool and members.sum() == n_test
    places = np.flatnonzero(members)
    if n_test > 1:
        assert np.ptp(np.diff(places)) <= 1
    assert np.array_equal(members, held_out(count, n_test))


def test_the_default_is_train_else_all() -> None:
    assert resolve(None, ("train", "test", "all"), "X") == "train"
    assert resolve(None, ("all",), "X") == "all"
    assert resolve("ood", ("train", "test", "ood"), "X") == "ood"


@pytest.mark.parametrize(
    ("split", "splits", "message"),
    [
        ("tset", ("train", "test"), "split='tset' is unknown: X has 'train', 'test'; .* 'test'"),
        (
            "test",
            ("all",),
            "split='test' is unknown: X holds no tasks out: its only split is 'all'",
        ),
        (3, ("train", "test"), "split=3 is unknown"),
    ],
)
def test_unknown_splits_are_explained(split: str, splits: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve(split, splits, "X")
