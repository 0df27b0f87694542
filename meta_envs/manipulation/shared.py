"""What the rewards of many environments have in common, computed for all rows at once.

P rows, grouped by environment. A step of a few rows spends its time in NumPy calls, whose number
does not depend on the number of rows: what is computed here is computed once instead of once per
environment. C of the rows, the first ones, have an object that the fingers have to hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .environments.base import Begun, Cage, Environment, Read
from .reading import add_quaternions
from .rewards import distance, hamacher_product, long_tail, positive

_OBJECT = slice(4, 7)  # of an observation: position of the first object
_SIDES = np.array([1.0, -1.0])  # the left pad's y is above the object's, the right pad's below

Part = tuple[Environment, dict[str, np.ndarray], dict[str, np.ndarray]]


class Shared:
    """What P rows share.

    It adds to the values read of an environment's rows `"near"`, the distance of the observed
    object from the fingers, in metres; with a `Way`, `"away"` and `"in_place"`, the distance to go
    and how near that is to the end; with a `Cage`, `"around"`, how well the fingers enclose the
    object: each [R], up to date after `measure`.

    Args:
        parts: Environments, those with a cage first; for each, what is read of its rows (views of
            the same memory at every step) and their reset values.
        hands: Values read of all rows' hands [P, 3]: `"tcp"`, `"left_pad"` and `"right_pad"`.
        observations: Array with the observations of all rows [P, 39].

    Raises:
        ValueError: If the fingers begin within `Cage.across` of an object, which leaves no margin.
    """

    def __init__(self, parts: Sequence[Part], hands: Read, observations: np.ndarray):
        n_rows = len(observations)
        self._tcp, self._objects = hands["tcp"], observations[:, _OBJECT]
        self._near, self._away, self._in_place = np.empty((3, n_rows))
        self._points, self._others = np.empty((n_rows, 3)), []
        self._targets, self._scales = np.zeros((n_rows, 3)), np.ones((n_rows, 3))
        self._radii, self._margins = np.zeros(n_rows), np.ones(n_rows)
        cages: list[tuple[Cage, Begun]] = []
        start = 0
        for environment, read, begun in parts:
            rows = slice(start, start + len(read["tcp"]))
            start, way = rows.stop, environment.way
            read["near"] = self._near[rows]
            if way is not None:
                read["away"], read["in_place"] = self._away[rows], self._in_place[rows]
                self._targets[rows], self._scales[rows] = begun["target_pos"], way.scale
                self._radii[rows], self._margins[rows] = way.radius, way.margin(begun)
                if way.point is not None:
                    self._others.append((self._points[rows], read[way.point]))
            if environment.cage is not None:
                cages.append((environment.cage, begun))
        self._margins = positive(self._margins)
        self._cages = _Cages(cages, hands, observations) if cages else None
        start = 0
        for environment, read, _ in parts:
            if self._cages is not None and environment.cage is not None:
                read["around"] = self._cages.around[start : start + len(read["tcp"])]
                start += len(read["tcp"])

    def measure(self) -> None:
        """Write the values after a step, once its readings and observations have been written."""
        squares = self._objects - self._tcp
        squares *= squares
        np.sqrt(np.add.reduce(squares, axis=1), out=self._near)
        if self._cages is not None:
            self._cages.measure(squares)
        self._points[:] = self._objects
        for points, read in self._others:
            points[:] = read
        ways = self._points - self._targets
        ways *= self._scales
        ways *= ways
        np.sqrt(np.add.reduce(ways, axis=1), out=self._away)
        outside = self._away - self._radii
        np.maximum(outside, 0.0, out=outside)
        outside /= self._margins
        self._in_place[:] = long_tail(outside)


class _Cages:
    """How well fingers enclose objects, C rows; pads [C, 2] are the left and the right one."""

    def __init__(self, cages: Sequence[tuple[Cage, Begun]], hands: Read, observations: np.ndarray):
        counts = [len(begun["init_tcp"]) for _, begun in cages]

        def column(values: list[float]) -> np.ndarray:
            return np.repeat(np.array(values), counts)[:, None]

        n_rows = sum(counts)
        self.around = np.empty(n_rows)
        self._x, self._y = observations[:n_rows, 4], observations[:n_rows, 5:6]
        self._hand_x, self._tcp_x = observations[:n_rows, 0], hands["tcp"][:n_rows, 0]
        self._pads = np.empty((n_rows, 2))
        self._left, self._right = hands["left_pad"][:n_rows, 1], hands["right_pad"][:n_rows, 1]
        self._follows = np.repeat([cage.follows for cage, _ in cages], counts)[:, None]
        self._stays = ~self._follows
        self._lower, self._upper, across, shift, handle = (
            column([getattr(cage, key) for cage, _ in cages])
            for key in ("radius", "pads", "across", "shift", "handle")
        )
        self._across, self._shift, self._handle = across[:, 0], shift[:, 0], handle[:, 0]
        self._plain = not (shift.any() or handle.any())
        first = np.concatenate([begun[cage.first] for cage, begun in cages])
        tcp = np.concatenate([begun["init_tcp"] for _, begun in cages])
        self._reference = first[:, 1:2].copy()
        margins = distance(first[:, ::2], tcp[:, ::2]) - self._across
        if (margins < 0).any():
            raise ValueError(f"fingers begin at the object already: margins {margins.tolist()}")
        self._margins = positive(margins)

    def measure(self, squares: np.ndarray) -> None:
        """Write `around`, given the squared differences [P, 3] between fingers and objects."""
        pads = self._pads
        pads[:, 0], pads[:, 1] = self._left, self._right
        apart = pads - self._y
        apart *= _SIDES
        np.absolute(apart, out=apart, where=self._stays)
        np.copyto(self._reference, self._y, where=self._follows)
        margins = pads - self._reference
        np.absolute(margins, out=margins)
        margins -= self._upper
        outside = np.maximum(self._lower - apart, apart - self._upper)
        np.maximum(outside, 0.0, out=outside)
        outside /= positive(np.absolute(margins, out=margins))
        sides = long_tail(outside)
        along, squares = squares[: len(pads), 0], squares[: len(pads)]
        if not self._plain:
            beside = np.abs(self._x - self._hand_x) < self._handle
            along = np.where(beside, self._hand_x, self._x + self._shift) - self._tcp_x
            along *= along
        across = np.sqrt(along + squares[:, 2])
        across -= self._across
        np.maximum(across, 0.0, out=across)
        across /= self._margins
        self.around[:] = hamacher_product(
            hamacher_product(sides[:, 0], sides[:, 1]), long_tail(across)
        )


def completed(
    environment: Environment, read: Read, observations: np.ndarray, begun: Begun
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the arguments of `observe` and `evaluate` of one environment, given what was read.

    Args:
        environment: The environment.
        read: Values read of its R rows, and `"tcp"`.
        observations: Observations [R, 39].
        begun: Reset values of its rows.
    """
    whole, begun = dict(read), {**begun, **environment.constants(begun)}
    add_quaternions(whole)
    Shared([(environment, whole, begun)], read, observations).measure()
    return whole, begun
