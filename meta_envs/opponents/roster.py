"""Who is in a bank of opponents: networks of O opponents, each in versions that get better.

Beside its networks, a bank may have `"about.opponent"` [M], the number of each network's opponent
from 0 on, in order (without it, all are versions of one), and `"about.squash"` [M]: 1 where actions
are the tanh of the outputs, 0 where they are the outputs, clipped; with `"about.relu"` [M] there is
a ReLU between layers, else a tanh.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.bank import Bank, BankSource, read
from ..core.tasks import Tasks

OPPONENT, SQUASH, RELU = "about.opponent", "about.squash", "about.relu"
MADE_AT = "about.made_at"  # timesteps of training after which each version was kept
SELF, SELVES = "self", 32  # name of a bank that is yet to be played, and versions it has room for
# Opponents of the banks in assets, by body.
BUILT_IN: Mapping[str, Sequence[str]] = {
    "puck": ("charger", "guard", "dodger"),
    "ant": ("self-taught",),
}


@dataclass(frozen=True)
class Roster:
    """The opponents of a bank.

    Args:
        names: Of the opponents.
        first: The network of each opponent's version 0, [O].
        versions: Number of each opponent's versions, [O].
    """

    names: tuple[str, ...]
    first: np.ndarray
    versions: np.ndarray

    @property
    def most(self) -> int:
        """Largest number of versions of one opponent."""
        return int(self.versions.max())

    def networks(self, tasks: Tasks) -> np.ndarray:
        """Return the network that each of N tasks names, [N]."""
        opponents = tasks["opponent"]  # tasks in force may outlive a bank that had more versions
        last = self.versions[opponents] - 1
        return self.first[opponents] + np.minimum(tasks["version"], last)


def opponents_of(source: BankSource) -> Bank:
    """Return a bank of opponents: with the activation that it says it has.

    Raises:
        OSError: If a file cannot be read.
        TypeError: If it is something else.
        ValueError: If it is not a bank.
    """
    if isinstance(source, Bank):
        return source
    if not source or not isinstance(source, Mapping | str | os.PathLike):
        raise TypeError(
            f"bank={source!r} must be a dict of arrays by name, a safetensors file or a name in "
            "assets/banks"
        )
    arrays = source if isinstance(source, Mapping) else read(source)
    return Bank(arrays, "relu" if RELU in arrays else "tanh")


def roster_of(bank: Bank, names: Sequence[str] | None = None) -> Roster:
    """Return who is in a bank.

    Args:
        bank: The bank.
        names: Of its opponents; None numbers them.

    Raises:
        TypeError: If names are not strings.
        ValueError: If opponents are not in order, or as many as names.
    """
    of = bank.arrays.get(OPPONENT)
    numbers = np.zeros(bank.size, dtype=np.int64) if of is None else of.astype(np.int64)
    in_order = numbers[0] == 0 and np.isin(np.diff(numbers), (0, 1)).all()
    if not in_order or (of is not None and (of != numbers).any()):
        raise ValueError(
            f"{OPPONENT!r} of the bank is {numbers.tolist()}; it numbers opponents from 0 on, the "
            "versions of each side by side, e.g. [0, 0, 1, 1]"
        )
    count = int(numbers[-1]) + 1
    if names is None:
        names = tuple(f"opponent {number + 1}" for number in range(count))
    listed = isinstance(names, Sequence) and not isinstance(names, str | bytes)
    if not listed or not all(isinstance(name, str) for name in names):
        raise TypeError(f"names={names!r} must be a list of strings, one for each opponent")
    if len(names) != count:
        raise ValueError(f"names={names!r}: the bank has {count} opponents, not {len(names)}")
    versions = np.bincount(numbers, minlength=count)
    return Roster(tuple(names), np.cumsum(versions) - versions, versions)


def acted(bank: Bank, networks: np.ndarray, observations: np.ndarray) -> np.ndarray:
    """Return what networks do, within [-1, 1], float64 [N, A].

    Args:
        bank: The bank.
        networks: The network of each row, [N].
        observations: What each of them sees, [N, D].
    """
    outputs = bank.forward(networks, observations).astype(np.float64)
    if SQUASH in bank.arrays:
        squashed = bank.arrays[SQUASH][networks][:, None] > 0
        outputs = np.where(squashed, np.tanh(outputs), outputs)
    return np.clip(outputs, -1.0, 1.0)


def still(inputs: int, outputs: int) -> dict[str, np.ndarray]:
    """Return the bank of one opponent that does nothing."""
    weight = np.zeros((1, outputs, inputs), dtype=np.float32)
    return {"head.means.weight": weight, "head.means.bias": weight[:, :, 0].copy()}
