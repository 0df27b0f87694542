"""Standard errors and bootstrap intervals over tasks and seeds, as pure functions.

Shapes: `S` seeds, `M` tasks a seed, `K` columns (episodes or steps). `values` is [S * M, K],
seed-major. `shared` says that every seed was measured on the same M tasks: seeds and tasks are then
*crossed*, so a lucky draw of tasks is lucky for all seeds. Otherwise tasks are *nested* in seeds.
"""

from __future__ import annotations

import numpy as np

_CHUNK = 1 << 21  # counts held at once: 16 MiB, so 10,000 tasks need no more memory than 10
_TRIM = 0.25  # the interquartile mean drops a quarter at each end


def iqm(values: np.ndarray) -> np.ndarray:
    """Return the interquartile mean [K] of `values` [N, K]."""
    from scipy import stats  # over a second that commands which need no mean need not wait

    return np.asarray(stats.trim_mean(values, _TRIM, axis=0))


def standard_error(values: np.ndarray, seeds: int = 1, shared: bool = False) -> np.ndarray:
    """Return the standard error [K] of the mean over seeds and tasks; NaN for a single value.

    The variances come from the mean squares of a random-effects table: with s, t and e the effects
    of seed, task and both, the squared error is `var(s)/S + var(t)/M + var(e)/(S M)` when tasks are
    shared, and `var(s)/S + var(e)/(S M)` when they are nested. A variance estimate below zero
    counts as zero.

    Args:
        values: [S * M, K].
        seeds: S.
        shared: Whether all seeds played the same tasks.
    """
    table = values.reshape(seeds, -1, values.shape[1])
    n_tasks = table.shape[1]
    if values.shape[0] == 1:
        return np.full(values.shape[1], np.nan)
    if seeds == 1:
        return table[0].std(axis=0, ddof=1) / np.sqrt(n_tasks)
    between = n_tasks * table.mean(axis=1).var(axis=0, ddof=1)
    if n_tasks == 1:
        return np.sqrt(between / seeds)
    if not shared:
        within = table.var(axis=1, ddof=1).mean(axis=0)
        return np.sqrt(np.maximum(between, within) / (seeds * n_tasks))
    seed_means, task_means = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    residual = table - seed_means - task_means + table.mean(axis=(0, 1))
    noise = (residual**2).sum(axis=(0, 1)) / ((seeds - 1) * (n_tasks - 1))
    tasks = seeds * table.mean(axis=0).var(axis=0, ddof=1)
    mean_square = noise + np.maximum(between - noise, 0) + np.maximum(tasks - noise, 0)
    return np.sqrt(mean_square / (seeds * n_tasks))


def interval(
    values: np.ndarray,
    seeds: int = 1,
    shared: bool = False,
    *,
    confidence: float = 0.95,
    statistic: str = "mean",
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile bootstrap interval (low [K], high [K]).

    A resample draws S seeds, then M tasks: anew within each drawn seed, or once for all when
    `shared`. The K columns share their resamples. A single value has no interval: NaN.

    Args:
        values: [S * M, K].
        seeds: S.
        shared: Whether all seeds played the same tasks.
        confidence: Coverage, in (0, 1).
        statistic: `"mean"` or `"iqm"`.
        n_resamples: Resamples, 1 or more.
        seed: Seed of the resampling.

    Raises:
        ValueError: An argument is outside what it allows.

    Source:
        Owen, "The pigeonhole bootstrap" (2007), for crossed seeds and tasks: it errs on the wide
        side.
    """
    if not 0 < confidence < 1:
        raise ValueError(
            f"confidence={confidence} must lie strictly between 0 and 1; use e.g. 0.95"
        )
    if statistic not in ("mean", "iqm"):
        raise ValueError(f"statistic={statistic!r} is unknown; use 'mean' or 'iqm'")
    if n_resamples < 1:
        raise ValueError(f"n_resamples={n_resamples} must be 1 or more; use e.g. 2000")
    total, columns = values.shape
    if total == 1:
        return np.full(columns, np.nan), np.full(columns, np.nan)
    rng = np.random.default_rng(seed)
    resampled = _means if statistic == "mean" else _iqms
    chunk = max(1, _CHUNK // total)
    parts = []
    for start in range(0, n_resamples, chunk):
        counts = _draw_counts(rng, min(chunk, n_resamples - start), seeds, total // seeds, shared)
        parts.append(resampled(counts, values))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(parts), [tail, 1 - tail], axis=0)
    return low, high


def _draw_counts(
    rng: np.random.Generator, n: int, seeds: int, tasks: int, shared: bool
) -> np.ndarray:
    """Draw n resamples; return how often each value occurs in each, [n, S * M]."""
    drawn_tasks = rng.integers(tasks, size=(n, 1 if shared else seeds, tasks))
    drawn_seeds = rng.integers(seeds, size=(n, seeds, 1))
    size = seeds * tasks
    flat = drawn_seeds * tasks + drawn_tasks + (np.arange(n) * size)[:, None, None]
    return np.bincount(flat.ravel(), minlength=n * size).reshape(n, size)


def _means(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the mean [n, K] of each resample."""
    return counts.astype(np.float64) @ values / values.shape[0]


def _iqms(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the interquartile mean [n, K] of each resample, without building or sorting one.

    Sort the values once; the running counts are then the ranks, and clipping them to the middle
    half leaves each value the weight that survives the trimming.
    """
    total = values.shape[0]
    cut = int(_TRIM * total)  # rounded down, as scipy.stats.trim_mean does
    result = np.empty((counts.shape[0], values.shape[1]))
    for column in range(values.shape[1]):
        order = np.argsort(values[:, column])
        ranks = np.clip(counts[:, order].cumsum(axis=1), cut, total - cut)
        weights = np.diff(ranks, axis=1, prepend=cut)
        result[:, column] = weights.astype(np.float64) @ values[order, column] / (total - 2 * cut)
    return result
