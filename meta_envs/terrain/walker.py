"""A planar walker on some ground, many rows at once. N rows, R of them."""

from __future__ import annotations

from importlib import resources
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.vector import MetaVectorEnv
from ..physics.bodies import Physics, diverged, refuse_too_many
from .ground import Grounds
from .profile import HIGHEST, LENGTH, NODES, RAYS, START, STEP, lidar

_FPS = 50  # environment steps per second
_FRAME_SKIP = 4
_FORWARD = 130 / 30  # reward per metre
_TILT = 5.0  # per radian of the hull
_TORQUE = 80.0  # N m of a motor at full action
_TORQUE_COST = 0.00035 * _TORQUE  # per unit of action
_FALL = -100.0
_SPEEDS = np.array([4.0, 6.0, 4.0, 6.0])  # rad/s that motors aim at: hip, knee, hip, knee
_PUSH = 5.0  # N, for one step at the start, at most
_MASS = 5.42  # kg, of the hull
_HULL_HEIGHT = (8 + 2 * 34) / 30  # m above the feet
_END = (LENGTH - 10) * STEP  # m
_ELEVATION, _LOWEST = 200.0, -100.0  # m, of the height field in the model
_JOINTS = np.arange(3, 7)
_FEET = (1, 2)  # sensors; 0 is the hull


class Walker(Grounds, MetaVectorEnv):
    """POET's walker; families say what its ground is. See `Terrain`.

    Args:
        task_space: The space of grounds.
        threads: Threads that step rows; None: one per CPU.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    def __init__(self, task_space: spaces.Dict, threads: int | None = None, **core: Any):
        file = resources.files("assets") / "mjcf" / "biped.xml"
        nominal = mujoco.MjModel.from_xml_string(file.read_text(encoding="utf-8"))
        refuse_too_many(nominal, core.get("num_envs", 1), own_models=True)
        super().__init__(
            task_space=task_space,
            observation_space=spaces.Box(-np.inf, np.inf, (14 + RAYS,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (4,), np.float32),
            **core,
        )
        self.physics = Physics(
            nominal,
            self.num_envs,
            _FRAME_SKIP,
            ("qpos", "qvel", "sensordata"),
            own_models=True,
            threads=threads,
        )
        self.state = {
            "qpos": np.zeros((self.num_envs, nominal.nq)),
            "qvel": np.zeros((self.num_envs, nominal.nv)),
            "touch": np.zeros((self.num_envs, 3)),
        }
        self.ground = np.zeros((self.num_envs, NODES))
        self.metadata = {**self.metadata, "render_fps": _FPS}

    # ---- grounds --------------------------------------------------------------------------------

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Write the grounds of `rows` into their models."""
        self.ground = self.ground.copy()
        for row in rows.tolist():
            self._write_ground(row, self.heights(_tasks.at(self.tasks, row)))

    # ---- episodes -------------------------------------------------------------------------------

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Let the walkers of `rows` stand on the flat ground, slightly pushed."""
        nominal = self.physics.nominal
        positions = np.zeros((len(rows), nominal.nq))
        velocities = np.zeros((len(rows), nominal.nv))
        positions[:, 0], positions[:, 1] = STEP * START / 2, _HULL_HEIGHT
        positions[:, _JOINTS] = (-0.05, -0.1, 0.05, -0.1)
        push = _PUSH * (2 * self.random.uniform(rows, 1)[:, 0] - 1)
        velocities[:, 0] = push / (_MASS * _FPS)
        self.physics.begin(rows, positions, velocities)
        touch = np.zeros((len(rows), 3))
        for name, part in (("qpos", positions), ("qvel", velocities), ("touch", touch)):
            self.state[name][rows] = part
        return self._observe(positions, velocities, touch, self.ground[rows])

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row."""
        actions = actions.astype(np.float64)
        torques = _TORQUE * np.abs(actions)
        for limits, own in zip(self._limits, np.stack([-torques, torques], axis=2), strict=True):
            limits[:] = own
        read = self.physics.step(np.sign(actions) * _SPEEDS, self.resting)
        positions, velocities, touch = read["qpos"], read["qvel"], read["sensordata"]
        before = self.state
        lost = diverged(positions, velocities)
        if lost.any():  # such rows keep their last state, so that none of their numbers is NaN
            positions[lost], velocities[lost] = before["qpos"][lost], before["qvel"][lost]
            touch[lost] = before["touch"][lost]
        moved = positions[:, 0] - before["qpos"][:, 0]
        tilted = np.abs(positions[:, 2]) - np.abs(before["qpos"][:, 2])
        rewards = _FORWARD * moved - _TILT * tilted - _TORQUE_COST * np.abs(actions).sum(axis=1)
        fallen = (touch[:, 0] > 0) | (positions[:, 0] < 0)
        finished = (positions[:, 0] > _END) & ~fallen
        rewards = np.where(lost, 0.0, np.where(fallen, _FALL, rewards))
        self.state = {"qpos": positions, "qvel": velocities, "touch": touch}
        infos = {"success": finished, "physics_diverged": lost, "x": positions[:, 0].copy()}
        observations = self._observe(positions, velocities, touch, self.ground)
        return observations, rewards, fallen | finished | lost, infos

    def more_state(self) -> dict[str, np.ndarray]:
        """Return MuJoCo's state of every row."""
        return {"physics": self.physics.get_state()}

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Restore the state."""
        self.physics.set_state(state["physics"])

    def close_extras(self, **kwargs: Any) -> None:
        """Stop the threads."""
        physics = getattr(self, "physics", None)
        if physics is not None:  # a constructor that raised leaves None
            physics.close()

    @property
    def dt(self) -> float:
        """Seconds per environment step."""
        return self.physics.dt

    def render_row(self, row: int) -> np.ndarray:
        """Draw a row from the side, with its rays and its ground."""
        from .pictures import draw

        task = _tasks.at(self.tasks, row)
        return draw(
            self.physics.models[row],
            self.physics.data[row],
            self.ground[row],
            self.lines(task),
        )

    # ---- inside ---------------------------------------------------------------------------------

    @property
    def _limits(self) -> list[np.ndarray]:
        """What the motors of each row may use: views of the models' force ranges, [4, 2] each."""
        return [model.actuator_forcerange for model in self.physics.models]

    def _write_ground(self, row: int, heights: np.ndarray) -> None:
        self.ground[row] = heights
        share = (np.clip(heights, -HIGHEST, HIGHEST) - _LOWEST) / _ELEVATION
        model = self.physics.models[row]
        model.hfield_data[:] = np.concatenate([share, share])  # the same across the plane

    def _observe(
        self, positions: np.ndarray, velocities: np.ndarray, touch: np.ndarray, ground: np.ndarray
    ) -> np.ndarray:
        """Return observations [R, 24]."""
        seen = np.empty((len(positions), 14 + RAYS))
        seen[:, 0] = positions[:, 2]
        seen[:, 1] = 2.0 * velocities[:, 2] / _FPS
        seen[:, 2] = 0.3 * velocities[:, 0] * 20.0 / _FPS
        seen[:, 3] = 0.3 * velocities[:, 1] * (400 / 30) / _FPS
        for leg, foot in enumerate(_FEET):
            at, hip, knee = 4 + 5 * leg, 3 + 2 * leg, 4 + 2 * leg
            seen[:, at], seen[:, at + 1] = positions[:, hip], velocities[:, hip] / 4
            seen[:, at + 2], seen[:, at + 3] = positions[:, knee] + 1, velocities[:, knee] / 6
            seen[:, at + 4] = touch[:, foot] > 0
        seen[:, 14:] = lidar(ground, positions[:, 0], positions[:, 1])
        return seen.astype(np.float32)
