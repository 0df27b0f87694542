"""Many rows of MuJoCo, stepped outside the GIL: N rows, R some of them.

One `MjData` a row, and one `MjModel` a row where bodies differ, so each row does what MuJoCo does
alone, bit for bit and warm start included, whatever the number of rows and threads is.
"""

from __future__ import annotations

import copy
import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import mujoco
import numpy as np

_LOG = logging.getLogger(__name__)
_LARGEST = 1e10  # of positions and velocities; MuJoCo gives up beyond it
_ROWS_A_THREAD = 4  # fewer are quicker without a second thread
# Resident bytes a row beside its model: what stepping touches of an `MjData` (measured, Humanoid).
_DATA_BYTES = 480_000


class Physics:
    """N copies of a body.

    Args:
        nominal: The body all rows begin with; it is not changed.
        num_rows: N.
        frame_skip: Physics steps a call of `step`.
        own_models: Give each row a model of its own, to be written to; else all share one.
        threads: Threads that step; None is one for each CPU that this process may use.

    Raises:
        ValueError: If `frame_skip` or `threads` is below 1.
        MemoryError: If the machine has not enough memory for so many rows.
    """

    def __init__(
        self,
        nominal: mujoco.MjModel,
        num_rows: int,
        frame_skip: int,
        own_models: bool = False,
        threads: int | None = None,
    ):
        for name, value in (("frame_skip", frame_skip), ("threads", threads)):
            if value is not None and (int(value) != value or value < 1):
                raise ValueError(f"{name}={value!r} must be an integer of at least 1")
        _refuse_too_many(nominal, num_rows, own_models)
        _quieten()
        self.nominal = copy.copy(nominal)
        # A row that diverges stays what it is until its episode ends, instead of starting anew.
        self.nominal.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
        self.frame_skip = int(frame_skip)
        self.num_rows = num_rows
        if own_models:
            self.models = [copy.copy(self.nominal) for _ in range(num_rows)]
        else:
            self.models = [self.nominal] * num_rows
        self.data = [mujoco.MjData(model) for model in self.models]
        for model, data in zip(self.models[:1], self.data[:1], strict=True):
            mujoco.mj_forward(model, data)
        self._ctrl = [data.ctrl for data in self.data]
        self._views: dict[str, list[np.ndarray]] = {}
        self._arrays: dict[str, np.ndarray] = {}
        cpus = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
        self.threads = min(threads or len(cpus), max(num_rows // _ROWS_A_THREAD, 1))
        self._chunks = [slice(part[0], part[-1] + 1) for part in self._parts(num_rows)]
        self._pool: ThreadPoolExecutor | None = None

    @property
    def dt(self) -> float:
        """Seconds a call of `step`."""
        return float(self.nominal.opt.timestep) * self.frame_skip

    def step(self, controls: np.ndarray, after: Callable[..., None] | None = None) -> None:
        """Step every row by `frame_skip` physics steps.

        Args:
            controls: Of the actuators, float64 [N, U].
            after: A MuJoCo function of (model, data) to call then, e.g. `mj_rnePostConstraint`.
        """
        for target, values in zip(self._ctrl, controls, strict=True):
            target[:] = values
        self._each(mujoco.mj_step, self.frame_skip)
        if after is not None:
            self._each(after)

    def begin(self, rows: np.ndarray, positions: np.ndarray, velocities: np.ndarray) -> None:
        """Put `rows` into states, with nothing left of what was before.

        Args:
            rows: Indices [R].
            positions: Generalised, [R, nq].
            velocities: Generalised, [R, nv].
        """
        for row, position, velocity in zip(rows.tolist(), positions, velocities, strict=True):
            model, data = self.models[row], self.data[row]
            mujoco.mj_resetData(model, data)
            data.qpos[:] = position
            data.qvel[:] = velocity
            mujoco.mj_forward(model, data)

    def read(self, field: str) -> np.ndarray:
        """Return a field of every row's data, [N, ...]; a fresh array.

        Args:
            field: Of `MjData`, e.g. `"qpos"` or `"xpos"`.
        """
        views = self._views.get(field)
        if views is None:
            views = self._views[field] = [getattr(data, field) for data in self.data]
        shape = views[0].shape
        if self.num_rows == 1:
            return views[0][None].copy()
        return np.concatenate(views).reshape(self.num_rows, *shape)

    def read_rows(self, field: str, rows: np.ndarray) -> np.ndarray:
        """Return a field of some rows' data, [R, ...]."""
        return np.stack([getattr(self.data[row], field) for row in rows.tolist()])

    def replace(self, row: int, model: mujoco.MjModel) -> None:
        """Give a row another model of the same sizes; its state is undefined until `begin`."""
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
        self.models[row], self.data[row] = model, mujoco.MjData(model)
        self._ctrl[row] = self.data[row].ctrl
        for field, views in self._views.items():
            views[row] = getattr(self.data[row], field)

    def close(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a MuJoCo function, which lets the GIL go, for every row."""
        if len(self._chunks) == 1:
            _drain(function, self.models, self.data, arguments)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads - 1, "physics")
        submitted = [
            self._pool.submit(_drain, function, self.models[part], self.data[part], arguments)
            for part in self._chunks[1:]
        ]
        first = self._chunks[0]
        _drain(function, self.models[first], self.data[first], arguments)
        for one in submitted:
            one.result()

    def _parts(self, num_rows: int) -> list[np.ndarray]:
        return np.array_split(np.arange(num_rows), self.threads)


def diverged(positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    """Tell which rows' physics has diverged, bool [N]: states that are not finite, or huge.

    Args:
        positions: Generalised, [N, nq].
        velocities: Generalised, [N, nv].
    """
    # A NaN makes comparisons false, so the question is asked the other way round.
    return ~((np.abs(positions) < _LARGEST).all(1) & (np.abs(velocities) < _LARGEST).all(1))


def _drain(
    function: Callable[..., None],
    models: Sequence[mujoco.MjModel],
    data: Sequence[mujoco.MjData],
    arguments: tuple[Any, ...],
) -> None:
    # The loop runs in C: what Python does between two calls keeps the other threads waiting.
    deque(map(function, models, data, *map(repeat, arguments)), maxlen=0)


def _refuse_too_many(model: mujoco.MjModel, num_rows: int, own_models: bool) -> None:
    needed = num_rows * (_DATA_BYTES + own_models * int(model.nbuffer))
    try:
        available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not known on this system
        return
    if needed > available:
        raise MemoryError(
            f"num_envs={num_rows} rows of this body need about {needed / 2**30:.1f} GiB; "
            f"this machine has {available / 2**30:.1f} GiB"
        )


def _quieten() -> None:
    """Send MuJoCo's warnings to `logging`, unless somebody has taken them.

    Left alone, a diverging row writes a file into the working directory.
    """
    if mujoco.get_mju_user_warning() is None:
        mujoco.set_mju_user_warning(_LOG.debug)
