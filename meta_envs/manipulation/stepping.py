"""Upstream's sequence of MuJoCo calls for many rows, in threads: P rows that are played."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Sequence

import mujoco
import numpy as np

from ..physics.pool import Pool
from . import upstream
from .upstream import WHOLE_STATE, Beginning

_FRAME_SKIP = 5
_ROWS_A_CHUNK = 8


class Seat:
    """A row's own `MjData`, for one environment.

    Args:
        name: Name of the environment.
        model: Model that the data belong to.
    """

    def __init__(self, name: str, model: mujoco.MjModel):
        self.name = name
        self.model = model
        self.data = mujoco.MjData(model)
        self.mocap = self.data.mocap_pos[0]
        self.control = self.data.ctrl
        self.body_pos = self.site_pos = np.zeros(0)
        self._views: dict[tuple[str, str], np.ndarray] = {}

    def begin(self, beginning: Beginning) -> None:
        """Set the state that a reset leaves."""
        self.body_pos, self.site_pos = beginning.body_pos, beginning.site_pos
        mujoco.mj_setState(self.model, self.data, beginning.state, WHOLE_STATE)

    def state(self) -> np.ndarray:
        """Return the whole state that `mj_step` starts from."""
        state = np.empty(mujoco.mj_stateSize(self.model, WHOLE_STATE))
        mujoco.mj_getState(self.model, self.data, state, WHOLE_STATE)
        return state

    def set_state(self, state: np.ndarray) -> None:
        """Set a state, which may be padded."""
        size = mujoco.mj_stateSize(self.model, WHOLE_STATE)
        mujoco.mj_setState(self.model, self.data, state[:size], WHOLE_STATE)

    def view(self, place: str, name: str) -> np.ndarray:
        """Return a view of the values at, e.g., `("body.xpos", "hand")`, [W]."""
        if (place, name) not in self._views:
            kind, _, field = place.partition(".")
            view = np.ravel(getattr(getattr(self.data, kind)(name), field))
            self._views[place, name] = view
        return self._views[place, name]

    def part(self, field: str, start: int, end: int) -> np.ndarray:
        """Return a view of a part of a field, [W]."""
        return np.ravel(getattr(self.data, field))[start:end]


class Stepping:
    """Steps rows in a pool of threads; each thread has its own model of each environment.

    Args:
        threads: Number of threads; None: one per CPU that this process may use.

    Raises:
        ValueError: If `threads` is not an integer from 1 to 1024.
    """

    def __init__(self, threads: int | None):
        self._pool = Pool(threads)
        self.threads = self._pool.threads
        self._models: list[dict[str, mujoco.MjModel]] = [{} for _ in range(self.threads)]
        self._free: dict[str, list[Seat]] = {}
        self._seats: Sequence[Seat] = ()
        self._views: list[np.ndarray] = []
        self._chunks: list[slice] = []

    def take(self, name: str) -> Seat:
        """Return a free seat."""
        free = self._free.get(name)
        return free.pop() if free else Seat(name, self._model(0, name))

    def give_back(self, seat: Seat) -> None:
        """Keep a seat for reuse."""
        self._free.setdefault(seat.name, []).append(seat)

    def lay_out(self, seats: Sequence[Seat], views: list[np.ndarray]) -> None:
        """Set which rows are stepped, sorted by environment, and what is read of them."""
        self._seats, self._views = seats, views
        chunks, start = [], 0
        for place, seat in enumerate(seats):
            last = place + 1 == len(seats)
            if last or seats[place + 1].name != seat.name or place + 1 - start == _ROWS_A_CHUNK:
                chunks.append(slice(start, place + 1))
                start = place + 1
        self._chunks = chunks
        for thread in range(min(self.threads, len(chunks))):
            for name in {seat.name for seat in seats}:
                self._model(thread, name)

    def step(self, places: np.ndarray, grips: np.ndarray, read: np.ndarray) -> None:
        """Step every row.

        Args:
            places: Positions towards which the hands are drawn, [P, 3].
            grips: How hard the grippers close, [P].
            read: Receives the values read, one view after the other, [W].
        """
        todo = deque(self._chunks)
        threads = min(self.threads, len(self._chunks))
        self._pool.run(lambda thread: self._work(thread, todo, places, grips), threads)
        np.concatenate(self._views, out=read)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()

    def _model(self, thread: int, name: str) -> mujoco.MjModel:
        models = self._models[thread]
        if name not in models:
            models[name] = copy.copy(upstream.original(name).env.model)
        return models[name]

    def _work(self, thread: int, todo: deque[slice], places: np.ndarray, grips: np.ndarray) -> None:
        """Step chunks of rows until none is left."""
        step, forward = mujoco.mj_step, mujoco.mj_forward
        while True:
            try:
                span = todo.popleft()
            except IndexError:
                return
            seats = self._seats[span]
            model = self._models[thread][seats[0].name]
            body_pos, site_pos = model.body_pos, model.site_pos
            for seat, place, grip in zip(seats, places[span], grips[span].tolist(), strict=True):
                body_pos[:], site_pos[:] = seat.body_pos, seat.site_pos
                seat.mocap[:] = place
                seat.control[:] = (grip, -grip)
                step(model, seat.data, _FRAME_SKIP)
                # It changes where the next step starts its search for forces.
                forward(model, seat.data)
