import csv
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import stats

from agents.core.evaluation.curve import AdaptationCurve


def make_protocol(tasks=6, episodes=3, rows=2, frozen=0, **changes):
    protocol = {
        "agent": "RL2", "env": "meta/GridNavi-v0", "split": "test", "num_tasks": tasks,
        "episodes": episodes, "rows_per_task": rows, "frozen_episodes": frozen, "seed": 1,
        "deterministic": False, "env_kwargs": {}, "num_envs": 256, "metazoo": "0.1.0",
    }  # fmt: skip
    return {**protocol, **changes}


def make_curve(tasks=6, episodes=3, rows=2, frozen=0, steps=0, seed=0, everything=True, **changes):
    rng = np.random.default_rng(seed)
    row_returns = rng.normal(size=(tasks, rows, episodes))
    arrays: dict[str, Any] = {}
    if everything:
        arrays["success"] = rng.random((tasks, episodes))
        arrays["expected_returns"] = rng.normal(size=(tasks, episodes))
        arrays["tasks"] = [{"p": float(p)} for p in rng.random(tasks)]
    if frozen:
        arrays["frozen_returns"] = rng.normal(size=(tasks, frozen))
        arrays["frozen_success"] = rng.random((tasks, frozen))
    if steps:
        arrays["rewards"] = rng.random((tasks, steps))
        arrays["expected_rewards"] = rng.random((tasks, steps))
    return AdaptationCurve(
        returns=row_returns.mean(axis=1), row_returns=row_returns,
        lengths=rng.integers(1, 20, size=row_returns.shape),
        protocol=make_protocol(tasks, episodes, rows, frozen, **changes), **arrays,
    )  # fmt: skip


def test_statistics_by_hand():
    returns = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 4.0], [100.0, 2.0]])
    curve = AdaptationCurve(
        returns=returns, row_returns=returns[:, None], lengths=np.ones((4, 1, 2), int),
        protocol=make_protocol(4, 2, 1),
    )  # fmt: skip
    assert curve.mean().tolist() == [26.5, 2.0]
    assert curve.iqm().tolist() == [3.0, 1.5]
    np.testing.assert_allclose(curve.standard_error(), stats.sem(returns, axis=0))
    total, error = curve.total()
    assert total == 28.5
    np.testing.assert_allclose(error, stats.sem([1, 3, 8, 102]))
    assert curve.seed_index.tolist() == [0, 0, 0, 0]


def test_one_value_has_no_error_and_no_interval():
    curve = make_curve(tasks=1)
    low, high = curve.interval()
    assert np.isnan([*low, *high, *curve.standard_error()]).all()
    repr(curve)


def test_bad_arguments_are_named():
    curve = make_curve()
    with pytest.raises(ValueError, match="confidence=95 must"):
        curve.interval(confidence=95)
    with pytest.raises(ValueError, match="'median' is unknown; use 'mean' or 'iqm'"):
        curve.interval(statistic="median")
    with pytest.raises(ValueError, match="n_resamples=0"):
        curve.interval(n_resamples=0)
    with pytest.raises(ValueError, match="no series 'rewards'; it has .*'returns'"):
        curve.mean("rewards")


def test_shapes_and_protocol_are_checked():
    good = make_curve()
    parts = {"row_returns": good.row_returns, "lengths": good.lengths, "returns": good.returns}
    protocol = dict(good.protocol)
    del protocol["split"]
    with pytest.raises(ValueError, match="lacks \\['split'\\]"):
        AdaptationCurve(protocol=protocol, **parts)
    with pytest.raises(ValueError, match="JSON-able.*int64"):
        AdaptationCurve(protocol=make_protocol(seed=np.int64(3)), **parts)
    with pytest.raises(ValueError, match="returns has shape \\(6, 3\\).*\\(7, 3\\)"):
        AdaptationCurve(protocol=make_protocol(tasks=7), **parts)
    with pytest.raises(ValueError, match="success has shape"):
        AdaptationCurve(protocol=make_protocol(), success=np.zeros(6), **parts)
    with pytest.raises(ValueError, match="expected_rewards has shape \\(6, 4\\).*\\(6, 5\\)"):
        AdaptationCurve(
            protocol=make_protocol(), rewards=np.zeros((6, 5)),
            expected_rewards=np.zeros((6, 4)), **parts,
        )  # fmt: skip
    with pytest.raises(ValueError, match="tasks has 1 entries"):
        AdaptationCurve(protocol=make_protocol(), tasks=[{}], **parts)


def test_merge_keeps_everything_and_names_the_seeds():
    curves = [make_curve(seed=i, training_seed=10 + i, frozen=1, steps=5) for i in range(3)]
    merged = AdaptationCurve.merge(*curves)
    assert merged.protocol["seeds"] == [10, 11, 12]
    assert merged.protocol["training_seed"] == [10, 11, 12]
    assert merged.protocol["seed"] == 1 and merged.shared_tasks
    assert merged.protocol["num_tasks"] == 6
    assert merged.seed_index.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    for name in ("returns", "row_returns", "success", "frozen_success", "expected_rewards"):
        joined = np.concatenate([getattr(c, name) for c in curves])
        np.testing.assert_array_equal(getattr(merged, name), joined)
    assert merged.tasks == curves[0].tasks + curves[1].tasks + curves[2].tasks
    stepwise = AdaptationCurve.merge(AdaptationCurve.merge(*curves[:2]), curves[2])
    assert stepwise.protocol == merged.protocol
    np.testing.assert_array_equal(stepwise.returns, merged.returns)


def test_merge_without_training_seed_lists_the_evaluations():
    merged = AdaptationCurve.merge(make_curve(seed=1), make_curve(seed=2))
    assert merged.protocol["seeds"] == [1, 1] and merged.shared_tasks
    other = make_curve()
    other = AdaptationCurve(
        returns=other.returns, row_returns=other.row_returns, lengths=other.lengths,
        protocol={**other.protocol, "seed": 5},
    )  # fmt: skip
    merged = AdaptationCurve.merge(make_curve(), other)
    assert merged.protocol["seed"] == merged.protocol["seeds"] == [1, 5]
    assert not merged.shared_tasks
    assert merged.success is None  # one curve lacks it


@pytest.mark.parametrize(
    "change",
    [
        {"env": "meta/TwoStep-v0"},
        {"split": "all"},
        {"episodes": 4},
        {"tasks": 5},
        {"agent": "L2RL"},
        {"deterministic": True},
        {"env_kwargs": {"size": 7}},
    ],
)
def test_merge_refuses_another_protocol(change):
    (key,) = change
    key = "num_tasks" if key == "tasks" else key
    with pytest.raises(ValueError, match=f"{key} differs: curve 0 has .*, curve 1 has"):
        AdaptationCurve.merge(make_curve(), make_curve(**change))
    with pytest.raises(ValueError, match="no curves"):
        AdaptationCurve.merge()


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("everything", [False, True])
def test_csv_round_trip(tmp_path, seeds, everything):
    kind = {"frozen": 2, "steps": 4} if everything else {}
    curves = [make_curve(seed=i, everything=everything, **kind) for i in range(seeds)]
    curve = AdaptationCurve.merge(*curves) if seeds > 1 else curves[0]
    curve.to_csv(tmp_path / "curve.csv")
    read = AdaptationCurve.from_csv(tmp_path / "curve.csv")
    assert read.protocol == curve.protocol
    for name in ("returns", "row_returns", "lengths", "success", "expected_returns",
                 "frozen_returns", "frozen_success"):  # fmt: skip
        np.testing.assert_array_equal(getattr(read, name), getattr(curve, name))
    assert read.lengths.dtype.kind == "i"
    assert read.tasks is read.rewards is read.expected_rewards is None
    assert repr(read) == repr(curve)
    if everything:
        ours, theirs = curve.per_step(), read.per_step()
        assert ours is not None and theirs is not None
        assert ours.of == theirs.of == "expected_rewards"
        np.testing.assert_array_equal(ours.mean, theirs.mean)
        np.testing.assert_array_equal(ours.standard_error, theirs.standard_error)
        merged = AdaptationCurve.merge(read, read)  # as `metazoo plot` does with runs
        assert np.shape(merged.stored_steps[1]) == (2 * seeds, 4)  # type: ignore[index]


def test_csv_is_tidy(tmp_path):
    make_curve(frozen=1).to_csv(tmp_path / "curve.csv")
    first, *lines = (tmp_path / "curve.csv").read_text().splitlines()
    assert json.loads(first.removeprefix("# "))["protocol"]["env"] == "meta/GridNavi-v0"
    rows = list(csv.DictReader(lines))
    assert len(rows) == 6 * (2 * 3 + 1)
    adapt = [row for row in rows if row["phase"] == "adapt"]
    assert [row["episode"] for row in adapt[:4]] == ["1", "2", "3", "1"]
    curve = make_curve(frozen=1)
    mean = np.mean([float(row["return"]) for row in adapt if row["episode"] == "2"])
    assert mean == pytest.approx(curve.mean()[1])
    assert all(row["row"] == row["length"] == "" for row in rows if row["phase"] == "frozen")


@pytest.mark.parametrize("damage", ["cut", "half line", "swap", "no head", "foreign", "empty"])
def test_damaged_csv_is_refused(tmp_path, damage):
    path = tmp_path / "curve.csv"
    make_curve(frozen=1).to_csv(path)
    lines = path.read_text().splitlines()
    if damage == "swap":
        lines[3], lines[4] = lines[4], lines[3]
    damaged = {
        "cut": lines[:-1],
        "half line": [*lines[:-2], lines[-2][:6]],
        "swap": lines,
        "no head": lines[1:],
        "foreign": ["time,loss", "0,1"],
        "empty": [],
    }[damage]
    path.write_text("\n".join(damaged))
    with pytest.raises(ValueError, match="curve.csv is not a whole adaptation curve"):
        AdaptationCurve.from_csv(path)
    with pytest.raises(OSError):
        AdaptationCurve.from_csv(tmp_path / "none.csv")


def test_pandas_gets_the_lines_of_the_file(tmp_path):
    pandas = pytest.importorskip("pandas")
    curve = make_curve(frozen=2)
    frame = curve.to_pandas()
    curve.to_csv(tmp_path / "curve.csv")
    read = pandas.read_csv(tmp_path / "curve.csv", comment="#")
    assert list(frame.columns) == list(read.columns) and len(frame) == len(read)
    adapted = frame[frame.phase == "adapt"]
    means = adapted.groupby("episode")["return"].mean()
    np.testing.assert_allclose(means.astype(float), curve.mean())
    assert frame.attrs["protocol"] == curve.protocol


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "curve.csv"
    make_curve(seed=0).to_csv(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        make_curve(seed=1).to_csv(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["curve.csv"]


def test_repr_fits_and_carries_the_protocol():
    curve = AdaptationCurve.merge(
        *(
            make_curve(
                episodes=40, seed=i, training_seed=i, frozen=3, env_kwargs={"noise": [0.25] * 40}
            )
            for i in range(3)
        )
    )
    text = repr(curve)
    assert max(map(len, text.splitlines())) <= 100
    assert "RL2 on meta/GridNavi-v0, split 'test': 6 tasks x 40 episodes x 3 seeds" in text
    assert "seed=1" in text and "frozen_episodes=3" in text and "noise" in text
    low, high = curve.interval()
    row = next(line for line in text.splitlines() if "episode  40" in line)
    assert row.split() == [
        "episode", "40", f"{curve.mean()[39]:.5g}", f"[{low[39]:.5g},", f"{high[39]:.5g}]",
    ]  # fmt: skip
    assert "episode  20" not in text and "..." in text


def test_repr_of_a_bandit_tells_first_and_last_steps():
    curve = make_curve(episodes=1, rows=1, steps=20)
    means = curve.mean("expected_rewards")
    text = f"{means[:2].mean():.4g} in the first tenth, {means[-2:].mean():.4g} in the last"
    assert f"expected reward a step: {text}" in repr(curve)
    assert f"total {curve.total()[0]:18.5g}" in repr(curve)


def test_import_leaves_matplotlib_alone():
    code = (
        "import sys, agents.core.evaluation.curve, agents.core.evaluation.plot;"
        "sys.exit(any(name.startswith('matplotlib') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
