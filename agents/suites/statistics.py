"""What a benchmark's tables say beside means: comparisons over seeds, as pure functions.

S seeds of an agent in one setting, N scores of an agent in all settings and seeds together.
"""

from __future__ import annotations

import numpy as np


def probability_of_improvement(better: np.ndarray, than: np.ndarray) -> float:
    """Return the probability that a training of one agent beats one of another; ties count half.

    Args:
        better: Scores [S].
        than: Scores [S'] in the same setting.

    Source:
        Agarwal et al. 2021 (arXiv 2108.13264), section 4.3; the Mann-Whitney statistic.
    """
    difference = np.asarray(better, float)[:, None] - np.asarray(than, float)[None, :]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def improvement_interval(
    pairs: list[tuple[np.ndarray, np.ndarray]],
    confidence: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return the mean probability of improvement over settings, and its bootstrap interval.

    Seeds are resampled within each setting, so the settings are held fixed.

    Args:
        pairs: Scores of the two agents in each setting.
        confidence: Coverage, in (0, 1).
        n_resamples: Bootstrap resamples.
        seed: Seed of the resampling.
    """
    mean = float(np.mean([probability_of_improvement(*pair) for pair in pairs]))
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(n_resamples):
        each = [
            probability_of_improvement(_resample(one, rng), _resample(other, rng))
            for one, other in pairs
        ]
        drawn.append(np.mean(each))
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return mean, float(low), float(high)


def _resample(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(scores)[rng.integers(len(scores), size=len(scores))]


def performance_profile(scores: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the share of scores above each level.

    Args:
        scores: Normalised scores [N].
        levels: [L].

    Returns:
        [L].

    Source:
        Agarwal et al. 2021, section 4.2; Dolan and Moré 2002.
    """
    return (np.asarray(scores, float)[:, None] > np.asarray(levels, float)[None, :]).mean(axis=0)


def normalised(score: float, chance: float, best: float) -> float:
    """Return a score on a scale on which chance has 0 and the best known has 1.

    Raises:
        ValueError: If the two are equal.
    """
    if best == chance:
        raise ValueError(f"chance and best are both {best:g}, so they make no scale")
    return (score - chance) / (best - chance)
