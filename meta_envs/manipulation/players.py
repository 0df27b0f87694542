"""Rows that are played: each has a seat, its reset values, and its last observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .environments import NATIVE
from .environments.base import ALWAYS_BEGUN, Environment
from .stepping import Seat, Stepping
from .upstream import Beginning

SEEN = 18  # numbers of an observation without those of the previous step and the goal

Kept = dict[str, Any]  # what a copy of a player continues from: no model, no data


@dataclass
class Player:
    """A row that is played.

    Attributes:
        seat: Model and data of the row.
        beginning: Start of its episode.
        begun: The part of it that its environment needs.
        mocap: Position towards which the hand is drawn, [3].
        seen: Observations of this and the previous step, not clipped, [36].
    """

    seat: Seat
    beginning: Beginning
    begun: dict[str, np.ndarray]
    mocap: np.ndarray
    seen: np.ndarray

    @classmethod
    def begin(cls, seat: Seat, beginning: Beginning) -> Player:
        """Return a player at the beginning of an episode."""
        seat.begin(beginning)
        begun = _begun_of(NATIVE[seat.name], beginning)
        seen = beginning.observation[: 2 * SEEN].copy()
        return cls(seat, beginning, begun, seat.mocap.copy(), seen)

    @classmethod
    def go_on(cls, kept: Kept, stepping: Stepping) -> Player:
        """Return a player that continues from what `keep` returned, on another seat."""
        seat = stepping.take(kept["name"])
        seat.begin(kept["beginning"])
        seat.set_state(kept["physics"])
        return cls(seat, kept["beginning"], kept["begun"], seat.mocap.copy(), kept["seen"].copy())

    def keep(self) -> Kept:
        """Return what a copy continues from."""
        kept = {"name": self.seat.name, "physics": self.seat.state(), "beginning": self.beginning}
        return {**kept, "begun": self.begun, "seen": self.seen}


def live_parts(environment: Environment, beginning: Beginning) -> dict[str, tuple[str, int, int]]:
    """Return where in `MjData` the live values of a reset are found at every step."""
    wanted = (*ALWAYS_BEGUN, *environment.begun)
    return {key: beginning.live[key] for key in wanted if key in beginning.live}


def _begun_of(environment: Environment, beginning: Beginning) -> dict[str, np.ndarray]:
    """Return the reset values that an environment needs; live ones are read at every step."""
    return {
        key.lstrip("_"): np.array(beginning.attributes[key], dtype=np.float64)
        for key in (*ALWAYS_BEGUN, *environment.begun)
        if key not in beginning.live
    }
