import numpy as np
import pytest
from scipy import stats

from agents.core.evaluation import bootstrap


@pytest.mark.parametrize("statistic", ["mean", "iqm"])
def test_interval_is_the_percentile_bootstrap(statistic):
    values = np.random.default_rng(3).exponential(size=(41, 2))  # 41: trimming has to round
    low, high = bootstrap.interval(values, statistic=statistic, n_resamples=20_000, confidence=0.9)
    index = np.random.default_rng(0).integers(41, size=(20_000, 41))
    trim = 0.0 if statistic == "mean" else 0.25
    draws = stats.trim_mean(values[index], trim, axis=1)
    np.testing.assert_allclose([low, high], np.quantile(draws, [0.05, 0.95], axis=0), atol=0.01)


def test_iqms_of_resamples_equal_scipys():
    values = np.random.default_rng(0).normal(size=(30, 2))
    values[:5] = values[5]  # ties
    rng = np.random.default_rng(1)
    index = rng.integers(30, size=(50, 30))
    counts = np.stack([np.bincount(row, minlength=30) for row in index])
    expected = stats.trim_mean(values[index], 0.25, axis=1)
    np.testing.assert_allclose(bootstrap._iqms(counts, values), expected)
    np.testing.assert_allclose(bootstrap._means(counts, values), values[index].mean(axis=1))


def test_chunks_of_resamples_cover_the_asked_number(monkeypatch):
    monkeypatch.setattr(bootstrap, "_CHUNK", 100)  # 16 resamples a chunk, and a rest
    sizes, means = [], bootstrap._means

    def counting(counts, values):
        sizes.append(len(counts))
        return means(counts, values)

    monkeypatch.setattr(bootstrap, "_means", counting)
    bootstrap.interval(np.arange(6.0)[:, None], n_resamples=50)
    assert sizes == [16, 16, 16, 2]


def draw_table(rng, sds, shared, seeds=6, tasks=40):
    seed_sd, task_sd, noise_sd = sds
    task_shape = (1 if shared else seeds, tasks)
    return (
        seed_sd * rng.normal(size=(seeds, 1))
        + task_sd * rng.normal(size=task_shape)
        + noise_sd * rng.normal(size=(seeds, tasks))
    ).reshape(-1, 1)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("sds", [(1.0, 1.0, 1.0), (0.0, 2.0, 0.5), (2.0, 0.0, 1.0)])
def test_standard_error_is_that_of_the_sampling(sds, shared):
    rng = np.random.default_rng(0)
    tables = [draw_table(rng, sds, shared) for _ in range(600)]
    truth = np.var([t.mean() for t in tables])
    estimate = np.mean([bootstrap.standard_error(t, 6, shared)[0] ** 2 for t in tables])
    # a variance of 600 draws has a relative standard error of 6 %; where seeds make no difference,
    # clipping their estimated variance at zero adds a quarter: E[max(chi2(5) / 5, 1)] = 1.25
    assert 0.8 < estimate / truth < (1.2 if sds[0] else 1.45)


def test_shared_tasks_widen_the_interval_of_many_seeds():
    values = np.tile(np.random.default_rng(0).normal(size=(50, 1)), (8, 1))  # seeds play alike
    spread = {}
    for shared in (False, True):
        low, high = bootstrap.interval(values, 8, shared)
        spread[shared] = (high - low)[0]
    one = np.subtract(*bootstrap.interval(values[:50])[::-1])[0]
    assert spread[True] == pytest.approx(one, rel=0.1)
    assert spread[False] == pytest.approx(one / np.sqrt(8), rel=0.1)


def test_seeds_are_resampled():
    values = np.repeat([0.0, 1.0, 2.0, 3.0], 100)[:, None]  # tasks do not matter, seeds do
    low, high = bootstrap.interval(values, 4, n_resamples=4000)
    draws = np.random.default_rng(5).integers(4, size=(4000, 4)).mean(axis=1)
    np.testing.assert_allclose([low[0], high[0]], np.quantile(draws, [0.025, 0.975]), atol=0.26)
    assert bootstrap.standard_error(values, 4)[0] == pytest.approx(stats.sem([0, 1, 2, 3]))


def test_ten_thousand_tasks_are_quick():
    values = np.random.default_rng(0).normal(size=(10_000, 4))
    low, high = bootstrap.interval(values)
    width = (high - low) / (2 * 1.96 * values.std(axis=0) / 100)
    np.testing.assert_allclose(width, 1.0, atol=0.08)
