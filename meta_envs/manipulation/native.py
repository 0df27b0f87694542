"""Rows of batched environments: N rows, R of one environment, and P of them played here.

Physics is MuJoCo's own, one `MjData` a row, in upstream's order of calls; a thread has a model of
each environment and writes the row's furniture into it before it steps the row. Observations and
rewards are computed at once for the rows of an environment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import upstream
from .environments import NATIVE
from .environments.base import ALWAYS_BEGUN, HAND_READS, Environment
from .originals import INFOS, OBSERVATION, Outcome
from .stepping import Seat, Stepping
from .upstream import Beginning

_SEEN = 18  # numbers of an observation that are not of the step before or the goal
# Bounds that observations are clipped to: those of the hand and of the opening of the gripper.
HAND_LOW = np.array([-0.525, 0.348, -0.0525, -1.0])
HAND_HIGH = np.array([0.525, 1.025, 0.7, 1.0])
_WIDEST = 0.1  # metres between the claws, which the observation calls 1


@dataclass
class _Group:
    """Rows of one environment, which stand beside each other in what is computed."""

    environment: Environment
    rows: np.ndarray
    span: slice
    begun: dict[str, np.ndarray]
    live: dict[str, tuple[str, int, int]]
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # in what is read


class NativeRows:
    """Rows whose environments are in `NATIVE`.

    Args:
        num_rows: N.
        threads: That step; None is one for each CPU.
    """

    has_state = True

    def __init__(self, num_rows: int, threads: int | None):
        self.rows = np.zeros(0, dtype=np.int64)  # grouped by environment, [P]
        self._stepping = Stepping(threads)
        self._seats: list[Seat | None] = [None] * num_rows
        self._beginnings: list[Beginning | None] = [None] * num_rows
        self._begun: list[dict[str, np.ndarray]] = [{} for _ in range(num_rows)]
        self._groups: list[_Group] = []
        self._group_of: dict[str, _Group] = {}
        self._stale = False  # whether rows have come, gone or changed their environment
        self._mocap = np.zeros((num_rows, 3))
        self._low, self._high = np.zeros((num_rows, 3)), np.zeros((num_rows, 3))
        self._seen = np.zeros((num_rows, _SEEN))

    def begin(self, rows: np.ndarray, names: Sequence[str], goals: np.ndarray) -> np.ndarray:
        """Begin an episode in each of `rows` and return the first observations [R, 39].

        Args:
            rows: Indices [R].
            names: Of the environments, R.
            goals: [R, 6].
        """
        observations = np.empty((len(rows), OBSERVATION))
        for place, (row, name) in enumerate(zip(rows.tolist(), names, strict=True)):
            beginning = upstream.begin(name, goals[place])
            self._sit(row, name)
            seat = self._seats[row]
            assert seat is not None
            seat.begin(beginning)
            self._beginnings[row] = beginning
            self._mocap[row] = seat.mocap
            self._begun[row] = _begun_of(NATIVE[name], beginning)
            self._seen[row] = beginning.observation[:_SEEN]
            observations[place] = beginning.observation
            if not self._stale:
                self._write_begun(row, name)
        return observations

    def leave(self, rows: np.ndarray) -> None:
        """Play these rows no more."""
        for row in rows.tolist():
            seat = self._seats[row]
            if seat is not None:
                self._keep_begun()
                self._stepping.give_back(seat)
                self._seats[row], self._stale = None, True

    def step(self, actions: np.ndarray) -> Outcome:
        """Step the rows that are played, in the order of `self.rows`.

        Args:
            actions: Float32 [P, 4], within their bounds.
        """
        rows = self.rows
        # In float32, as upstream computes it where actions are.
        moved = self._mocap[rows] + actions[:, :3] * np.float32(0.01)
        moved = np.clip(moved, self._low[rows], self._high[rows])
        self._mocap[rows] = moved
        grips = actions[:, 3].astype(np.float64)
        flat = self._stepping.step(moved, grips)
        count = len(rows)
        common, start = {}, 0
        for key in HAND_READS:
            common[key] = flat[start : start + 3 * count].reshape(count, 3)
            start += 3 * count
        common["tcp"] = (common["right_finger"] + common["left_finger"]) / 2.0
        return self._evaluate(flat, common, actions)

    def get_state(self) -> dict[str, np.ndarray]:
        """Return what rows go on from, by name."""
        self.settle()
        self._keep_begun()
        state: dict[str, np.ndarray] = {"seen": self._seen}
        largest = max(len(one.state) for one in self._beginnings if one is not None)
        state["physics"] = np.zeros((len(self._seats), largest))
        for row in self.rows.tolist():
            own = self.physics_state(row)
            state["physics"][row, : len(own)] = own
        for group in self._groups:
            for key, values in group.begun.items():
                state[f"begun.{group.environment.name}.{key}"] = values
        return state

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from it; the rows have begun episodes of the same tasks before."""
        self.settle()
        self._seen = state["seen"].copy()
        for row in self.rows.tolist():
            seat = self._seats[row]
            assert seat is not None
            seat.set_state(state["physics"][row])
            self._mocap[row] = seat.mocap
        for group in self._groups:
            for key in group.begun:
                group.begun[key] = state[f"begun.{group.environment.name}.{key}"].copy()

    def physics_state(self, row: int) -> np.ndarray:
        """Return MuJoCo's state of a row."""
        seat = self._seats[row]
        assert seat is not None
        return seat.state()

    def close(self) -> None:
        """Stop the threads."""
        self._stepping.close()

    # ---- inside ---------------------------------------------------------------------------------

    def _sit(self, row: int, name: str) -> None:
        seat = self._seats[row]
        if seat is not None and seat.name == name:
            return
        self._keep_begun()
        if seat is not None:
            self._stepping.give_back(seat)
        self._seats[row] = self._stepping.take(name)
        original = upstream.original(name).env
        self._low[row], self._high[row] = original.mocap_low, original.mocap_high
        self._stale = True

    def _keep_begun(self) -> None:
        """Take what rows began with out of the groups, which are about to change."""
        for group in self._groups if not self._stale else ():
            for place, row in enumerate(group.rows.tolist()):
                self._begun[row] = {key: part[place].copy() for key, part in group.begun.items()}

    def _write_begun(self, row: int, name: str) -> None:
        group = self._group_of[name]
        place = int(np.flatnonzero(group.rows == row)[0])
        for key, value in self._begun[row].items():
            group.begun[key][place] = value

    def settle(self) -> None:
        """Sort the rows by environment, after some have come, gone or changed theirs."""
        if not self._stale:
            return
        by_name: dict[str, list[int]] = {}
        for row, seat in enumerate(self._seats):
            if seat is not None:
                by_name.setdefault(seat.name, []).append(row)
        self._groups, start = [], 0
        for name in sorted(by_name):
            rows = np.array(by_name[name])
            began = [self._begun[row] for row in by_name[name]]
            begun = {key: np.stack([one[key] for one in began]) for key in began[0]}
            first = self._beginnings[by_name[name][0]]
            assert first is not None
            span = slice(start, start + len(rows))
            self._groups.append(_Group(NATIVE[name], rows, span, begun, first.live))
            start += len(rows)
        self._group_of = {group.environment.name: group for group in self._groups}
        if self._groups:
            self.rows = np.concatenate([group.rows for group in self._groups])
        else:
            self.rows = np.zeros(0, dtype=np.int64)
        self._lay_out()
        self._stale = False

    def _lay_out(self) -> None:
        """Say what is read of every row: the hand of all, then what each group wants."""
        seats = [self._seats[row] for row in self.rows.tolist()]
        views = [seat.view(*read) for read in HAND_READS.values() for seat in seats if seat]
        start = sum(view.size for view in views)
        for group in self._groups:
            mine = [seat for seat in seats[group.span] if seat is not None]
            wanted = [
                (key, [seat.view(*read) for seat in mine])
                for key, read in group.environment.reads.items()
            ]
            wanted += [
                (key, [seat.part(*place) for seat in mine]) for key, place in group.live.items()
            ]
            for key, found in wanted:
                group.places[key] = (start, found[0].size)
                views += found
                start += found[0].size * len(found)
        self._stepping.lay_out([seat for seat in seats if seat], views)

    def _evaluate(
        self, flat: np.ndarray, common: dict[str, np.ndarray], actions: np.ndarray
    ) -> Outcome:
        count = len(self.rows)
        observations = np.zeros((count, OBSERVATION))
        rewards, infos = np.empty(count), np.empty((len(INFOS), count))
        observations[:, :3] = common["hand"]
        apart = common["rightclaw"] - common["leftclaw"]
        opening = np.sqrt((apart * apart).sum(axis=-1))
        observations[:, 3] = np.clip(opening / _WIDEST, 0.0, 1.0)
        observations[:, _SEEN : 2 * _SEEN] = self._seen[self.rows]
        reads = []
        for group in self._groups:
            read = {key: values[group.span] for key, values in common.items()}
            size = len(group.rows)
            for key, (start, width) in group.places.items():
                read[key] = flat[start : start + size * width].reshape(size, width)
            begun: Mapping[str, Any] = {
                **group.begun,
                **{key.lstrip("_"): read[key] for key in group.live},
            }
            positions, quaternions = group.environment.observe(read, begun)
            mine, start = observations[group.span], 4
            for k in range(positions.shape[1] // 3):
                mine[:, start : start + 3] = positions[:, 3 * k : 3 * k + 3]
                mine[:, start + 3 : start + 7] = quaternions[:, 4 * k : 4 * k + 4]
                start += 7
            reads.append((read, begun))
        self._seen[self.rows] = observations[:, :_SEEN]  # before they are clipped, as upstream
        for start in (0, _SEEN):
            hand = observations[:, start : start + 4]
            np.clip(hand, HAND_LOW, HAND_HIGH, out=hand)
        for group, (read, begun) in zip(self._groups, reads, strict=True):
            span = group.span
            rewards[span], info = group.environment.evaluate(
                read, observations[span], actions[span], begun
            )
            for place, key in enumerate(INFOS):
                infos[place, span] = info[key]
        return observations, rewards, infos


def _begun_of(environment: Environment, beginning: Beginning) -> dict[str, np.ndarray]:
    """Return what an environment needs of a reset; what is live is read at every step."""
    wanted = dict.fromkeys((*ALWAYS_BEGUN, *environment.begun))
    return {
        key.lstrip("_"): np.asarray(beginning.attributes[key], dtype=np.float64)
        for key in wanted
        if key not in beginning.live
    }
