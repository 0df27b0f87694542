"""MFEC: act by the best return that ever followed."""

from __future__ import annotations

from typing import Any

from .algorithm import EpisodicAlgorithm
from .network import RandomProjection
from .presets import MFEC_PRESETS
from .rule import MFECRule


class MFEC(EpisodicAlgorithm):
    """Model-free episodic control (Blundell et al. 2016, arXiv 1606.04460), of one lifetime.

    For each action, a dictionary keeps the largest return that ever followed the action in a state,
    by a random projection of the observation. A state that is known is worth its entry; another one
    the mean of the `neighbours` nearest (equations 1 and 2). For deterministic environments:
    where rewards are noisy, the largest return is too hopeful. `learn` takes any Gymnasium id with
    Discrete actions, and frames.

    Differences from the paper: 100,000 entries an action instead of a million; an action without
    any entry is tried first, and among equal actions one is drawn; entries that were read also
    count as used. The variational autoencoder is left out; `NEC`'s networks are other policies.
    A truncated episode counts as an ended one.

    Raises:
        MemoryError: If the dictionaries do not fit into memory; says how much they need.
        TypeError: If actions are not Discrete.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"ProjectionPolicy": RandomProjection}
    presets = MFEC_PRESETS

    gamma = 1.0
    exploration_initial_eps = 0.005  # there are ties to explore by at first

    def _make_rule(self) -> Any:
        return MFECRule(horizon=None, **self._shared())
