"""Where values read from rows go after a step: one array, of which all others are views."""

from __future__ import annotations

import numpy as np

from .rotations import quaternions

_MATRIX, _QUATERNION = "_matrix", "_quat"  # endings of keys of matrices and their quaternions


class Reading:
    """Values read from rows' `MjData`, by key; matrices come last and are converted all at once.

    Attributes:
        views: Views into `MjData`, in the order of `flat`.
        flat: The values read, one view after the other.
    """

    def __init__(self) -> None:
        self.views: list[np.ndarray] = []
        self.flat = np.zeros(0)
        self._matrices, self._turns = np.zeros((0, 9)), np.zeros((0, 4))
        self._wanted: list[tuple[dict[str, np.ndarray], str, list[np.ndarray]]] = []

    def want(self, where: dict[str, np.ndarray], key: str, views: list[np.ndarray]) -> None:
        """Request that `where[key]`, [R, W], hold the values of the views of R rows, [W] each."""
        self._wanted.append((where, key, views))

    def lay_out(self) -> None:
        """Put the arrays where they were requested, with the quaternions of matrices."""
        self._wanted.sort(key=lambda one: one[1].endswith(_MATRIX))
        self.views = [view for _, _, views in self._wanted for view in views]
        self.flat = np.empty(sum(view.size for view in self.views))
        n_matrices = sum(len(views) for _, key, views in self._wanted if key.endswith(_MATRIX))
        self._matrices = self.flat[self.flat.size - 9 * n_matrices :].reshape(n_matrices, 9)
        self._turns = np.empty((n_matrices, 4))
        start = turned = 0
        for where, key, views in self._wanted:
            end = start + len(views) * views[0].size
            where[key] = self.flat[start:end].reshape(len(views), -1)
            start = end
            if key.endswith(_MATRIX):
                where[quaternion_of(key)] = self._turns[turned : turned + len(views)]
                turned += len(views)

    def turn(self) -> None:
        """Compute the quaternions of the matrices that were read."""
        if len(self._turns):
            self._turns[:] = quaternions(self._matrices)


def add_quaternions(read: dict[str, np.ndarray]) -> None:
    """Add the quaternions of the matrices that were read, by key."""
    for key in [key for key in read if key.endswith(_MATRIX)]:
        read[quaternion_of(key)] = quaternions(read[key])


def quaternion_of(key: str) -> str:
    """Return the key of a matrix's quaternion."""
    return key.removesuffix(_MATRIX) + _QUATERNION
