"""Rows that are played: each has a seat, what its episode began with, and what it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .environments import NATIVE
from .environments.base import ALWAYS_BEGUN, Environment
from .stepping import Seat, Stepping
from .upstream import Beginning

SEEN = 18  # numbers of an observation that are not of the step before or the goal

Kept = dict[str, Any]  # what a copy of a player goes on from: no model, no data


@dataclass
class Player:
    """A row that is played.

    Attributes:
        seat: Its model and data.
        beginning: Where its episode began.
        begun: What its environment needs of that.
        mocap: Where the hand is drawn to, [3].
        seen: Observation of now and of the step before, not clipped, [36].
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
        """Return a player who goes on from what `keep` returned, on another seat."""
        seat = stepping.take(kept["name"])
        seat.begin(kept["beginning"])
        seat.set_state(kept["physics"])
        return cls(seat, kept["beginning"], kept["begun"], seat.mocap.copy(), kept["seen"].copy())

    def keep(self) -> Kept:
        """Return what a copy goes on from."""
        kept = {"name": self.seat.name, "physics": self.seat.state(), "beginning": self.beginning}
        return {**kept, "begun": self.begun, "seen": self.seen}


def live_parts(environment: Environment, beginning: Beginning) -> dict[str, tuple[str, int, int]]:
    """Return where what an environment needs of a reset stands in `MjData` at every step."""
    wanted = (*ALWAYS_BEGUN, *environment.begun)
    return {key: beginning.live[key] for key in wanted if key in beginning.live}


def _begun_of(environment: Environment, beginning: Beginning) -> dict[str, np.ndarray]:
    """Return what an environment needs of a reset; what is live is read at every step."""
    return {
        key.lstrip("_"): np.array(beginning.attributes[key], dtype=np.float64)
        for key in (*ALWAYS_BEGUN, *environment.begun)
        if key not in beginning.live
    }
