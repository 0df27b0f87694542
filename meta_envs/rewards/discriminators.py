"""Discriminators: networks that tell skills apart by features of a state. M of them, n skills.

R rows, F features.
"""

from __future__ import annotations

import numpy as np

from ..core.bank import Bank
from ..core.rng import fold

_WIDTHS = (32, 32)
_GAIN = 2.0  # deviation of what a layer adds up, for inputs of unit size
_OFFSET = 1.0  # deviation of biases, so that a reward is not the same at s and -s


def random_bank(
    size: int, features: int, skills: int, seed: int, scale: float, feature_scale: float
) -> Bank:
    """Return discriminators with random weights.

    Weights are normal with deviation 2 / sqrt(inputs), biases with deviation 1; those of the last
    layer have the deviation scale / sqrt(inputs) and no bias. (The paper gives no scale; ours.)

    Args:
        size: M.
        features: F.
        skills: n.
        seed: Discriminator m is the same for every M.
        scale: Rough deviation of the logits.
        feature_scale: Features are divided by it.

    Source:
        Gupta et al. 2018 (arXiv 1806.04640), section 4.2.
    """
    widths = (features, *_WIDTHS)
    made: dict[str, list[np.ndarray]] = {}
    for index in range(size):
        draw = np.random.default_rng(fold(seed, "discriminator", index)).standard_normal
        parts = {}
        for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False)):
            parts[f"layers.{layer}.weight"] = _GAIN / np.sqrt(inputs) * draw((outputs, inputs))
            parts[f"layers.{layer}.bias"] = _OFFSET * draw(outputs)
        parts["layers.0.weight"] /= feature_scale
        parts["head.logits.weight"] = scale / np.sqrt(widths[-1]) * draw((skills, widths[-1]))
        parts["head.logits.bias"] = np.zeros(skills)
        for name, part in parts.items():
            made.setdefault(name, []).append(part)
    return Bank({name: np.stack(each).astype(np.float32) for name, each in made.items()})


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the log probability of each skill, float64 [R, n], row by row."""
    raised = logits.astype(np.float64)
    raised -= raised.max(axis=1, keepdims=True)
    return raised - np.log(np.exp(raised).sum(axis=1, keepdims=True))
