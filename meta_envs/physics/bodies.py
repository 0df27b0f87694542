"""Many rows of MuJoCo, stepped outside the GIL: N rows, R some of them.

One `MjData` per row, and one `MjModel` per row where bodies differ, so each row does what MuJoCo
does alone, bit for bit and warm start included, for any number of rows and threads.
"""

from __future__ import annotations

import copy
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import mujoco
import numpy as np

from ..core.arguments import positive
from ..core.memory import give_back_freed_memory, refuse_beyond_memory
from .pool import Pool

_LOG = logging.getLogger(__name__)
_LARGEST = 1e10  # bound on positions and velocities; MuJoCo gives up beyond it
_ROWS_A_THREAD = 8  # fewer are faster without a second thread
_CHUNKS = 4  # per thread
_MANY_ROWS = 64  # fewer rows need little memory
_NO_ISLANDS = int(getattr(mujoco.mjtDisableBit, "mjDSBL_ISLAND", 0))  # 3.3 never looks for any
_WHOLE_STATE = int(mujoco.mjtState.mjSTATE_INTEGRATION)
_VIEWS = ("_ctrl", "_views", "_shapes", "_sizes")
# Resident bytes per row without its model: what stepping touches of `MjData` (measured, Humanoid).
_DATA_BYTES = 480_000


class Physics:
    """N copies of a body.

    A copy (`copy.deepcopy`, pickling) continues exactly as the original does, bit for bit.

    Args:
        nominal: The body all rows start with; not changed.
        num_rows: N.
        frame_skip: Physics steps per call of `step`.
        fields: Fields of `MjData` that `step` returns.
        own_models: Whether each row has its own writable model; else all share one.
        contact_forces: Whether steps compute `cfrc_ext`.
        threads: Threads that step; None means one per CPU available to this process.

    Raises:
        ValueError: If `frame_skip` or `threads` is out of range.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    def __init__(
        self,
        nominal: mujoco.MjModel,
        num_rows: int,
        frame_skip: int,
        fields: Sequence[str] = ("qpos", "qvel"),
        own_models: bool = False,
        contact_forces: bool = False,
        threads: int | None = None,
    ):
        self.frame_skip = positive("frame_skip", frame_skip)
        self._pool = Pool(threads)
        refuse_too_many(nominal, num_rows, own_models)
        if num_rows >= _MANY_ROWS:  # memory of rows that no longer exist
            give_back_freed_memory()
        quieten()
        self.nominal = copy.copy(nominal)
        # A diverged row keeps its state until its episode ends, rather than being reset by MuJoCo.
        self.nominal.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
        if self.nominal.ntree == 1:  # a lone tree is the only island: same bits, 5 % faster
            self.nominal.opt.disableflags |= _NO_ISLANDS
        self.num_rows = num_rows
        if own_models:
            self.models = [copy.copy(self.nominal) for _ in range(num_rows)]
        else:
            self.models = [self.nominal] * num_rows
        self.data = [mujoco.MjData(model) for model in self.models]
        self.fields = tuple(dict.fromkeys(fields))
        self._contact_forces = contact_forces
        self.threads = min(self._pool.threads, max(num_rows // _ROWS_A_THREAD, 1))
        parts = np.array_split(
            np.arange(num_rows), self.threads * (_CHUNKS if self.threads > 1 else 1)
        )
        self._chunks = [slice(part[0], part[-1] + 1) for part in parts]
        self._look()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy keeps: not the views, which would show the original's data."""
        return {key: part for key, part in vars(self).items() if key not in _VIEWS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy, with views of its own data."""
        vars(self).update(state)
        quieten()
        self._look()

    def _look(self) -> None:
        """Make the views through which rows are stepped and read; see `_VIEWS`."""
        self._ctrl = [data.ctrl for data in self.data]
        # `np.ravel` of MuJoCo's arrays, which are contiguous, is a view: it follows the data.
        self._views = {
            field: [np.ravel(getattr(data, field)) for data in self.data] for field in self.fields
        }
        self._shapes = {
            field: (self.num_rows, *np.shape(getattr(self.data[0], field))) for field in self.fields
        }
        self._sizes = {field: views[0].size for field, views in self._views.items()}

    @property
    def dt(self) -> float:
        """Seconds per call of `step`."""
        return float(self.nominal.opt.timestep) * self.frame_skip

    def step(
        self, controls: np.ndarray, resting: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Step every row by `frame_skip` physics steps.

        Args:
            controls: Actuator controls, float64 [N, U].
            resting: Rows that are not stepped, bool [N].

        Returns:
            Fresh arrays [N, ...] of the `fields`.
        """
        if self.num_rows == 1:  # skips the overhead for many rows
            self._step_one(controls)
            return {
                field: self._views[field][0].copy().reshape(self._shapes[field])
                for field in self.fields
            }
        # One-dimensional, as `np.concatenate` writes them.
        after = {field: np.empty(self.num_rows * self._sizes[field]) for field in self.fields}
        todo = deque(self._chunks)
        self._pool.run(lambda _: self._work(todo, controls, after, resting), self.threads)
        return {field: after[field].reshape(self._shapes[field]) for field in self.fields}

    def begin(self, rows: np.ndarray, positions: np.ndarray, velocities: np.ndarray) -> None:
        """Put `rows` into states, discarding everything from before.

        Args:
            rows: Indices [R].
            positions: Generalised positions, [R, nq].
            velocities: Generalised velocities, [R, nv].
        """
        for row, position, velocity in zip(rows.tolist(), positions, velocities, strict=True):
            model, data = self.models[row], self.data[row]
            mujoco.mj_resetData(model, data)
            data.qpos[:] = position
            data.qvel[:] = velocity
            mujoco.mj_forward(model, data)

    def read_rows(self, field: str, rows: np.ndarray) -> np.ndarray:
        """Return a field of some rows' data, [R, ...]."""
        return np.stack([getattr(self.data[row], field) for row in rows.tolist()])

    def get_state(self) -> np.ndarray:
        """Return everything `mj_step` starts from, warm start included, float64 [N, S]."""
        size = mujoco.mj_stateSize(self.nominal, _WHOLE_STATE)
        states = np.empty((self.num_rows, size))
        for model, data, state in zip(self.models, self.data, states, strict=True):
            mujoco.mj_getState(model, data, state, _WHOLE_STATE)
        return states

    def set_state(self, states: np.ndarray) -> None:
        """Resume from states [N, S]."""
        for model, data, state in zip(self.models, self.data, states, strict=True):
            mujoco.mj_setState(model, data, state, _WHOLE_STATE)
            mujoco.mj_forward(model, data)  # for derived values, e.g. for pictures
            mujoco.mj_setState(model, data, state, _WHOLE_STATE)  # forward changes warm starts

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()

    def _step_one(self, controls: np.ndarray) -> None:
        self._ctrl[0][:] = controls[0]
        mujoco.mj_step(self.models[0], self.data[0], self.frame_skip)
        if self._contact_forces:
            mujoco.mj_rnePostConstraint(self.models[0], self.data[0])

    def _work(
        self,
        todo: deque[slice],
        controls: np.ndarray,
        after: dict[str, np.ndarray],
        resting: np.ndarray | None,
    ) -> None:
        """Step chunks of rows until none is left.

        Python's work for one chunk overlaps with other threads' steps, which run outside the GIL.
        """
        while True:
            try:
                rows = todo.popleft()
            except IndexError:
                return
            for target, values in zip(self._ctrl[rows], controls[rows], strict=True):
                target[:] = values
            models, data = self.models[rows], self.data[rows]
            if resting is not None:
                moving = np.flatnonzero(~resting[rows]).tolist()
                models, data = [models[row] for row in moving], [data[row] for row in moving]
            _drain(mujoco.mj_step, models, data, repeat(self.frame_skip))
            if self._contact_forces:
                _drain(mujoco.mj_rnePostConstraint, models, data)
            for field in self.fields:
                size = self._sizes[field]
                part = after[field][rows.start * size : rows.stop * size]
                np.concatenate(self._views[field][rows], out=part)


def diverged(positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    """Tell which rows' physics has diverged, bool [N]: states that are not finite, or huge.

    Args:
        positions: Generalised positions, [N, nq].
        velocities: Generalised velocities, [N, nv].
    """
    # Comparisons with NaN are false, so the conditions test for what is fine.
    if np.vdot(positions, positions) + np.vdot(velocities, velocities) < _LARGEST:  # nearly always
        return np.zeros(len(positions), dtype=bool)
    return ~((np.abs(positions) < _LARGEST).all(1) & (np.abs(velocities) < _LARGEST).all(1))


def _drain(function: Callable[..., None], *arguments: Iterable[Any]) -> None:
    # The loop runs in C: Python code between two calls would keep the other threads waiting.
    deque(map(function, *arguments), maxlen=0)


def refuse_too_many(model: mujoco.MjModel, num_rows: int, own_models: bool) -> None:
    """Refuse more rows than the machine has memory for.

    Raises:
        MemoryError: If memory is too small; says how much is needed.
    """
    each = _DATA_BYTES + own_models * int(model.nbuffer)
    refuse_beyond_memory(
        positive("num_envs", num_rows), each, f"num_envs={num_rows} rows of this body"
    )


def quieten() -> None:
    """Send MuJoCo's warnings to `logging`, unless another handler is installed.

    Otherwise a diverging row makes MuJoCo write a file into the working directory.
    """
    if mujoco.get_mju_user_warning() is None:
        mujoco.set_mju_user_warning(_LOG.debug)
