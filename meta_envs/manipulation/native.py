"""Rows of batched environments: N rows, of which P are played here, R of one environment.

Physics is MuJoCo's own, in upstream's order of calls (see `stepping`). Observations and rewards are
computed at once for all rows of an environment. What each step reads and computes lies in the
same memory every time, so that a step makes few new arrays and no new views.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import upstream
from .environments import NATIVE
from .environments.base import HAND_READS
from .groups import HAND, HIGH, LOW, OBJECT, Group
from .originals import INFOS, OBSERVATION, Outcome
from .players import SEEN, Player, live_parts
from .reading import Reading
from .shared import Shared
from .stepping import Seat, Stepping
from .touch import touch_of

_SCALE = np.float32(0.01)  # metres per unit of action
_WIDEST = 0.1  # metres between the claws, which is 1 in the observation


class NativeRows:
    """Rows whose environments are in `NATIVE`. A copy continues like the original, bit for bit.

    Args:
        num_rows: N.
        threads: Threads that step; None: one per CPU.

    Raises:
        ValueError: If `threads` is not an integer from 1 to 1024.
    """

    def __init__(self, num_rows: int, threads: int | None):
        self._num_rows = num_rows
        self._begin_empty(threads)

    def _begin_empty(self, threads: int | None) -> None:
        self._rows = np.zeros(0, dtype=np.int64)
        self._stepping = Stepping(threads)
        self._players: dict[int, Player] = {}
        self._groups: list[Group] = []
        self._settled = True  # whether what follows matches the rows that are played
        self._mocap = self._low = self._high = np.zeros((0, 3))
        self._seen, self._observations = np.zeros((0, 2 * SEEN)), np.zeros((0, OBSERVATION))
        self._actions = np.zeros((0, 4), dtype=np.float32)
        self._reading = Reading()
        self._common: dict[str, np.ndarray] = {}
        self._shared: Shared | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: the state of each row, without the work arrays of steps."""
        self._unsettle()
        players = {row: one.keep() for row, one in self._players.items()}
        threads = self._stepping.threads
        return {"num_rows": self._num_rows, "threads": threads, "players": players}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore that state."""
        self._num_rows = state["num_rows"]
        self._begin_empty(state["threads"])
        self._unsettle()
        for row, kept in state["players"].items():
            self._players[row] = Player.go_on(kept, self._stepping)

    @property
    def rows(self) -> np.ndarray:
        """The rows that are played, grouped by environment, [P]."""
        self._settle()
        return self._rows

    @property
    def seats(self) -> list[Seat]:
        """Models and data, by row."""
        return [self._players[row].seat for row in sorted(self._players)]

    def begin(self, rows: np.ndarray, names: Sequence[str], goals: np.ndarray) -> np.ndarray:
        """Begin an episode in each of `rows` and return the first observations [R, 39].

        Args:
            rows: Indices [R].
            names: Names of the environments, R.
            goals: Goals [R, 6].
        """
        self._unsettle()
        observations = np.empty((len(rows), OBSERVATION))
        for place, (row, name) in enumerate(zip(rows.tolist(), names, strict=True)):
            beginning = upstream.begin(name, goals[place])
            seat = self._seat(row, name)
            observations[place] = beginning.observation
            self._players[row] = Player.begin(seat, beginning)
        return observations

    def leave(self, rows: np.ndarray) -> None:
        """Stop playing these rows; those that are not being played are ignored."""
        mine = [row for row in rows.tolist() if row in self._players]
        if mine:
            self._unsettle()
        for row in mine:
            self._stepping.give_back(self._players.pop(row).seat)

    def step(self, actions: np.ndarray) -> Outcome:
        """Step the rows that are played, in the order of `self.rows`.

        Args:
            actions: Actions, float32 [P, 4], within their bounds.

        Returns:
            Observations and the other results; the next step overwrites the observations.
        """
        self._settle()
        self._actions[:] = actions
        # In float32, as upstream computes it if actions are float32.
        self._mocap += actions[:, :3] * _SCALE
        np.maximum(self._mocap, self._low, out=self._mocap)
        np.minimum(self._mocap, self._high, out=self._mocap)
        self._stepping.step(self._mocap, actions[:, 3].astype(np.float64), self._reading.flat)
        self._observe()
        if self._shared is not None:
            self._shared.measure()
        rewards, told = [], []
        for group in self._groups:
            reward, info = group.environment.evaluate(
                group.read, group.observations, group.actions, group.begun
            )
            rewards.append(reward)
            told.append(info)
        infos = np.empty((len(INFOS), len(actions)))
        for place, key in enumerate(INFOS):
            np.concatenate([info[key] for info in told], out=infos[place])
        return self._observations, np.concatenate(rewards), infos

    def get_state(self) -> dict[str, np.ndarray]:
        """Return the state from which rows can continue, by name."""
        self._unsettle()
        players = [self._players[row] for row in sorted(self._players)]
        states = [one.seat.state() for one in players]
        physics = np.zeros((len(players), max(map(len, states))))
        for padded, state in zip(physics, states, strict=True):
            padded[: len(state)] = state
        kept = {"seen": np.stack([one.seen for one in players]), "physics": physics}
        for row in sorted(self._players):
            for key, value in self._players[row].begun.items():
                kept[f"begun.{row}.{key}"] = value
        return kept

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore that state; the rows must have begun episodes of the same tasks before."""
        self._unsettle()
        for place, row in enumerate(sorted(self._players)):
            player = self._players[row]
            player.seat.set_state(state["physics"][place])
            player.mocap = player.seat.mocap.copy()
            player.seen = state["seen"][place].copy()
            player.begun = {key: state[f"begun.{row}.{key}"].copy() for key in player.begun}

    def physics_state(self, row: int) -> np.ndarray:
        """Return MuJoCo's state of a row."""
        return self._players[row].seat.state()

    def close(self) -> None:
        """Stop the threads."""
        self._stepping.close()

    # ---- inside ---------------------------------------------------------------------------------

    def _seat(self, row: int, name: str) -> Seat:
        player = self._players.get(row)
        if player is not None and player.seat.name == name:
            return player.seat
        if player is not None:
            self._stepping.give_back(player.seat)
        return self._stepping.take(name)

    def _unsettle(self) -> None:
        """Copy its values back to every row, before some begin or leave."""
        if not self._settled:
            return
        self._settled = False
        for place, row in enumerate(self._rows.tolist()):
            player = self._players[row]
            player.mocap, player.seen = self._mocap[place], self._seen[place]
        for group in self._groups:
            for place, row in enumerate(group.rows):
                self._players[row].begun = {key: part[place] for key, part in group.own.items()}

    def _settle(self) -> None:
        """Lay out the work arrays of steps, grouped by name, after rows have begun or left."""
        if self._settled:
            return
        by_name: dict[str, list[int]] = {}
        for row in sorted(self._players):
            by_name.setdefault(self._players[row].seat.name, []).append(row)
        # Those with a cage first, as `Shared` requires.
        names = sorted(by_name, key=lambda name: (NATIVE[name].cage is None, name))
        by_name = {name: by_name[name] for name in names}
        order = [row for mine in by_name.values() for row in mine]
        players = [self._players[row] for row in order]
        self._rows = np.array(order, dtype=np.int64)
        self._groups = []
        self._settled = True
        if players:
            self._mocap = np.stack([one.mocap for one in players])
            self._seen = np.stack([one.seen for one in players])
            bounds = [upstream.original(one.seat.name).env for one in players]
            self._low = np.stack([one.mocap_low for one in bounds])
            self._high = np.stack([one.mocap_high for one in bounds])
            self._observations = np.zeros((len(players), OBSERVATION))
            self._actions = np.zeros((len(players), 4), dtype=np.float32)
            self._lay_out(players, by_name)

    def _lay_out(self, players: list[Player], by_name: dict[str, list[int]]) -> None:
        """Declare what is read of every row: the hand of all rows, then what each group needs."""
        seats = [one.seat for one in players]
        self._common = {}
        reading = self._reading = Reading()
        for key, place in HAND_READS.items():
            reading.want(self._common, key, [seat.view(*place) for seat in seats])
        own_reads: list[dict[str, np.ndarray]] = []
        start = 0
        for name, rows in by_name.items():
            mine = seats[start : start + len(rows)]
            own_reads.append({})
            for key, place in NATIVE[name].reads.items():
                reading.want(own_reads[-1], key, [seat.view(*place) for seat in mine])
            for key, part in live_parts(NATIVE[name], players[start].beginning).items():
                reading.want(own_reads[-1], key, [seat.part(*part) for seat in mine])
            start += len(mine)
        reading.lay_out()
        self._common["tcp"] = np.empty((len(seats), 3))
        self._stepping.lay_out(seats, reading.views)
        self._make_groups(players, by_name, own_reads)

    def _make_groups(
        self,
        players: list[Player],
        by_name: dict[str, list[int]],
        own_reads: list[dict[str, np.ndarray]],
    ) -> None:
        start = 0
        for name, own_read in zip(by_name, own_reads, strict=True):
            span = slice(start, start + len(by_name[name]))
            first = players[start]
            own = {key: np.stack([one.begun[key] for one in players[span]]) for key in first.begun}
            alive = live_parts(NATIVE[name], first.beginning)
            live = {key.lstrip("_"): own_read[key] for key in alive}
            read = {**{key: part[span] for key, part in self._common.items()}, **own_read}
            touch = touch_of(NATIVE[name], [one.seat.data for one in players[span]], read)
            seen = self._seen[span]
            objects = [
                (seen[:, at : at + 3], seen[:, at + 3 : at + OBJECT])
                for at in (HAND, HAND + OBJECT)
            ]
            self._groups.append(
                Group(
                    NATIVE[name],
                    by_name[name],
                    own,
                    {**own, **NATIVE[name].constants(own), **live},
                    read,
                    objects,
                    self._observations[span],
                    self._actions[span],
                    touch,
                )
            )
            start = span.stop
        parts = [(group.environment, group.read, group.begun) for group in self._groups]
        self._shared = Shared(parts, self._common, self._observations)

    def _observe(self) -> None:
        """Write the observations of all rows."""
        common, seen = self._common, self._seen
        np.add(common["right_finger"], common["left_finger"], out=common["tcp"])
        common["tcp"] /= 2.0
        seen[:, SEEN:] = seen[:, :SEEN]
        seen[:, :3] = common["hand"]
        apart = common["rightclaw"] - common["leftclaw"]
        apart *= apart
        opening = np.sqrt(np.add.reduce(apart, axis=1)) / _WIDEST
        np.minimum(opening, 1.0, out=seen[:, 3])
        self._reading.turn()
        for group in self._groups:
            group.observe()
        clipped = self._observations[:, : 2 * SEEN]
        np.maximum(seen, LOW, out=clipped)
        np.minimum(clipped, HIGH, out=clipped)
