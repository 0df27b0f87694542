"""Two bodies on a mat: what both sides see, win, lose and earn. N rows, R of them.

Arrays of both sides have an axis of 2. Nothing here knows which side is the learner's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..physics.bodies import Physics, diverged, refuse_too_many
from .wrestlers import Side, Wrestler, contest_model

FRAME_SKIP = 5  # of .01 s
RING = 2.0  # m; half a side of the ring, whose border is drawn
MAT = 2.3  # m; half a side of the mat
MAT_TOP = 0.5  # m above the floor
OUT = 2.1  # m from the middle along x or y
START = 1.15  # m from the middle
_START_NOISE, _SPEED_NOISE = 0.1, 0.1
_LOWEST = 0.29  # m; a torso below has lost
_MOST_FORCE = 100.0  # N, that is seen
_WIN, _DRAW = 2000.0, -1000.0
_CTRL_COST, _TOWARDS, _PUSH = 0.1, 0.1, 10.0
RULES = ("release", "paper")


@dataclass(frozen=True)
class Outcome:
    """One step of a contest.

    Args:
        lost: Whether each side has lost, bool [N, 2].
        won: Whether the other side has, bool [N, 2].
        drawn: Whether it ends without a winner, bool [N].
        broken: Whether physics has diverged, which ends it too, bool [N].
        rewards: Of each side, float64 [N, 2].
    """

    lost: np.ndarray
    won: np.ndarray
    drawn: np.ndarray
    broken: np.ndarray
    rewards: np.ndarray

    @property
    def over(self) -> np.ndarray:
        """Whether it has ended, bool [N]."""
        return self.lost.any(axis=1) | self.drawn | self.broken


class Contest:
    """N contests of two bodies.

    Args:
        first: One body.
        second: The other.
        num_rows: N.
        rules: A key of `RULES`.
        time_limit: Steps after which it is a draw.
        start_radius: Distance of both from the middle at the start, m.
        threads: As in `Physics`.

    Raises:
        ValueError: If they would start inside each other or outside the ring.
    """

    def __init__(
        self,
        first: Wrestler,
        second: Wrestler,
        num_rows: int,
        rules: str,
        time_limit: int,
        start_radius: float,
        threads: int | None,
    ):
        room = (first.reach + second.reach) / 2 + _START_NOISE
        if not room <= start_radius <= RING - 2 * _START_NOISE:
            raise ValueError(
                f"start_radius={start_radius}: {first.name} and {second.name} would start "
                + ("inside each other" if start_radius < room else "at the edge of the ring")
                + f"; use {room:g} to {RING - 2 * _START_NOISE:g} m"
            )
        nominal, self.sides = contest_model(first, second)
        self.planar = first.planar
        refuse_too_many(nominal, num_rows, own_models=False)
        fields = ("qpos", "qvel") if self.planar else ("qpos", "qvel", "cfrc_ext")
        self.physics = Physics(
            nominal,
            num_rows,
            FRAME_SKIP,
            fields,
            contact_forces=not self.planar,
            threads=threads,
        )
        self.rules, self.time_limit, self.start_radius = rules, time_limit, start_radius
        # The release measures heights from the floor, so that only a fall off the mat loses; its
        # demo moves them down by the mat's height, so that toppling over on it loses too.
        self.height = MAT_TOP if rules == "paper" else 0.0

    def empty(self) -> dict[str, np.ndarray]:
        """Return the arrays that say where all bodies are."""
        model, rows = self.physics.nominal, self.physics.num_rows
        state = {"qpos": np.zeros((rows, model.nq)), "qvel": np.zeros((rows, model.nv))}
        if not self.planar:
            state["forces"] = np.zeros((rows, model.nbody, 6))
        return state

    def width(self, side: int) -> int:
        """Return how many numbers a side sees."""
        return self.observe(self.empty(), side, np.zeros(1, dtype=np.int64)).shape[1]

    def observe(self, state: dict[str, np.ndarray], side: int, rows: np.ndarray) -> np.ndarray:
        """Return what a side sees, float32 [R, D]."""
        own, other = self.sides[side], self.sides[1 - side]
        qpos, qvel = state["qpos"][rows], state["qvel"][rows]
        if self.planar:
            parts = [a[:, one] for one in (own.positions, other.positions) for a in (qpos, qvel)]
            return np.concatenate(parts, axis=1).astype(np.float32)
        forces = np.abs(np.clip(state["forces"][rows], -_MOST_FORCE, _MOST_FORCE))
        mine, theirs = qpos[:, own.positions], qpos[:, other.positions][:, :7]
        mine[:, 2] -= self.height  # copies: `rows` are indices
        theirs[:, 2] -= self.height
        seen = [
            mine,
            qvel[:, own.velocities],
            forces[:, own.parts].reshape(len(rows), -1),
            theirs,
            forces[:, other.parts.start],
        ]
        return np.concatenate(seen, axis=1).astype(np.float32)

    def begin(self, rows: np.ndarray, angles: np.ndarray, noise: tuple[np.ndarray, np.ndarray]):
        """Put both sides of `rows` at opposite places, and return their coordinates.

        Args:
            rows: Indices [R].
            angles: Of the first side's place, radians, [R].
            noise: Uniform in [-1, 1] for positions [R, nq], normal for speeds [R, nv].
        """
        positions = np.concatenate([side.wrestler.start() for side in self.sides])
        positions = positions + _START_NOISE * noise[0]
        for sign, side in zip((1.0, -1.0), self.sides, strict=True):
            at = side.positions.start
            positions[:, at] += sign * self.start_radius * np.cos(angles)
            positions[:, at + 1] += sign * self.start_radius * np.sin(angles)
            if not self.planar:
                turn = positions[:, at + 3 : at + 7]
                turn /= np.sqrt(np.square(turn).sum(axis=1, keepdims=True))
        velocities = _SPEED_NOISE * noise[1]
        self.physics.begin(rows, positions, velocities)
        return positions, velocities

    def step(
        self,
        state: dict[str, np.ndarray],
        actions: tuple[np.ndarray, np.ndarray],
        elapsed: np.ndarray,
        resting: np.ndarray | None = None,
    ) -> tuple[dict[str, np.ndarray], Outcome]:
        """Step every row.

        Args:
            state: Where all bodies are; not changed.
            actions: Of each side, [N, A] and [N, B].
            elapsed: Number of the step within the contest, from 1 on, [N].
            resting: As in `Physics.step`.

        Returns:
            Where all bodies are after it, and its outcome.
        """
        read = self.physics.step(np.concatenate(actions, axis=1), resting)
        positions, velocities = read["qpos"], read["qvel"]
        broken = diverged(positions, velocities)
        after = {"qpos": positions, "qvel": velocities}
        if not self.planar:
            after["forces"] = read["cfrc_ext"]
        if broken.any():
            for part in after.values():
                part[broken] = 0.0
        lost = np.stack([self._lost(positions, side) for side in self.sides], axis=1)
        lost &= ~broken[:, None]
        won = lost[:, ::-1].copy()
        late = elapsed > self.time_limit if self.rules == "release" else elapsed >= self.time_limit
        drawn = late & ~lost.any(axis=1) & ~broken
        if self.rules == "paper":
            both = lost[:, 0] & lost[:, 1]
            drawn, lost, won = drawn | both, lost & ~both[:, None], won & ~both[:, None]
        rewards = _WIN * won - _WIN * lost + _DRAW * drawn[:, None]
        for index, side in enumerate(self.sides):
            other = self.sides[1 - index]
            rewards[:, index] += self._shaping(state["qpos"], positions, side, other)
            rewards[:, index] -= _CTRL_COST * np.square(actions[index]).sum(axis=1)
        rewards[broken] = 0.0
        return after, Outcome(lost, won, drawn, broken, rewards)

    def _lost(self, positions: np.ndarray, side: Side) -> np.ndarray:
        at = side.positions.start
        out = np.abs(positions[:, at : at + 2]).max(axis=1) >= OUT
        return out if self.planar else out | (positions[:, at + 2] - self.height < _LOWEST)

    def _shaping(
        self, before: np.ndarray, after: np.ndarray, side: Side, other: Side
    ) -> np.ndarray:
        """Return the reward of moving towards the other side, which is to leave the middle."""
        own, theirs = side.positions.start, other.positions.start
        own_place, other_place = before[:, own : own + 2], before[:, theirs : theirs + 2]
        way = other_place - own_place
        way = way / np.maximum(np.sqrt(np.square(way).sum(axis=1, keepdims=True)), 1e-9)
        speed = ((after[:, own : own + 2] - own_place) * way).sum(axis=1) / self.physics.dt
        far = np.sqrt(np.square(after[:, theirs : theirs + 2]).sum(axis=1))
        return _TOWARDS * np.maximum(speed, 0.0) - _PUSH * np.exp(-far)
