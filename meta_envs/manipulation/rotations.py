"""Rotations as Meta-World's observations have them: quaternions (x, y, z, w), from matrices."""

from __future__ import annotations

import numpy as np

# Row c: where the quaternion's four numbers come from if number c is divided by; the number is
# the first entry of the matrix (row by row) plus or minus the second.
_FIRST = np.array([[0, 3, 6, 7], [1, 4, 7, 2], [2, 5, 8, 3], [7, 2, 3, 0]])
_SECOND = np.array([[0, 1, 2, 5], [3, 4, 5, 6], [6, 7, 8, 1], [5, 6, 1, 0]])
_SIGN = np.array([[1.0, 1, 1, -1], [1, 1, 1, -1], [1, 1, 1, -1], [-1, -1, -1, -1]])
# Number c itself is that plus 1 - trace, or 1 + trace.
_OWN = np.eye(4)
_TRACE = np.array([-1.0, -1, -1, 1])


def quaternions(matrices: np.ndarray) -> np.ndarray:
    """Return the quaternions [R, 4], (x, y, z, w), of rotation matrices.

    As upstream gets them from SciPy: the sign is not fixed but depends on the divisor, which is
    chosen by the largest of the three diagonal entries and their sum.

    Args:
        matrices: Matrices [R, 9], row by row, or [R, 3, 3].

    Source: scipy `Rotation.from_matrix(...).as_quat()`; Markley, "Unit quaternion from rotation
    matrix", 2008.
    """
    flat = matrices.reshape(-1, 9)
    tops = np.empty((len(flat), 4))
    tops[:, :3] = flat[:, ::4]
    tops[:, 3] = flat[:, 0] + flat[:, 4] + flat[:, 8]
    choice = tops.argmax(axis=1)
    rows = np.arange(len(flat))[:, None]
    numbers = flat[rows, _FIRST[choice]] + _SIGN[choice] * flat[rows, _SECOND[choice]]
    numbers += _OWN[choice] * (1 + _TRACE[choice] * tops[:, 3])[:, None]
    return numbers / np.sqrt(np.add.reduce(numbers * numbers, axis=1))[:, None]
