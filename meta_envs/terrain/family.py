"""A planar walker on evolving ground, many rows at once. N rows, R of them."""

from __future__ import annotations

from importlib import resources
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.arguments import choice, flag
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from ..physics.bodies import Physics, diverged, refuse_too_many
from . import genes
from .profile import HIGHEST, LENGTH, NODES, RAYS, START, STEP, lidar, profile

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


class Terrain(MetaVectorEnv):
    """POET's walker on rough ground with pits, stumps and stairs, which are the task.

    Tasks:
        `ground_roughness` (multiplies the ground's random slope); the intervals that widths of
        pits (`pit_gap`) and heights of stumps and stairs (`stump_height`, `stair_height`) are drawn
        from, in terrain steps of 14/30 m, (0, 0) for none; `stair_steps`; and `terrain_seed`, which
        draws everything else, so a task is one certain ground.
    Observation:
        `Box(-inf, inf, (24,), float32)`: the hull's angle, angular velocity / 25, velocity .12 x
        and .08 z (m/s); for each leg hip angle, hip speed / 4, knee angle + 1, knee speed / 6, and
        whether the foot touches the ground; then ten lidar rays from the hull, from straight down
        to 1.35 rad ahead, as shares of 16/3 m.
    Action:
        `Box(-1, 1, (4,), float32)` for hip and knee of both legs: its sign is the direction in
        which a motor aims at 4 or 6 rad/s, its size the share of 80 N m that it may use.
    Reward:
        130/30 a metre forwards, minus 5 times the growth of the hull's angle, minus .028 times the
        sum of the actions' sizes; -100 in a step in which the hull touches the ground or leaves
        the start backwards. A return of 230 counts as solved.
    Episode:
        Begins standing on flat ground, slightly pushed. Terminates at a fall, 88.7 m from the
        beginning of the ground (`infos["success"]`), or where physics diverges
        (`infos["physics_diverged"]`, reward 0). Truncated after 2,000 steps of 1/50 s.
    Splits:
        `train` and `test` follow the same distribution, on even and odd terrain seeds: every kind
        of obstacle in half of the terrains, genes uniform below the paper's thresholds of
        difficulty (stump 2.4, pit 6, roughness 4.5). `"ood"` reaches at least one of them; genes
        are uniform up to the largest values. In `"all"`, mutations may lead anywhere.
    Source:
        Wang et al. 2019 (POET, arXiv 1901.01753) and uber-research/poet, branch original_poet;
        Gymnasium's BipedalWalker. Differences: MuJoCo instead of Box2D; the hull is a box and legs
        have round ends; walls slope over half a terrain step (7/30 m), as the ground is a height
        field; the first obstacle is at least 22 steps from the start of the ground (there 20), so
        that the first observation shows no task.
    Versions:
        v0.

    Args:
        source: `"release"`, or `"paper"`, where pits may be 10 steps wide instead of 8.
        stairs: Whether there may be stairs; POET's public run had none.
        threads: Threads that step rows; None: one per CPU. Results do not depend on it.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    splits = ("train", "test", "all", "ood")

    def __init__(
        self,
        source: str = "release",
        stairs: bool = False,
        threads: int | None = None,
        **core: Any,
    ):
        self.source = choice("source", source, sorted(genes.LARGEST))
        self.stairs = flag("stairs", stairs)
        file = resources.files("assets") / "mjcf" / "biped.xml"
        nominal = mujoco.MjModel.from_xml_string(file.read_text(encoding="utf-8"))
        refuse_too_many(nominal, core.get("num_envs", 1), own_models=True)
        super().__init__(
            task_space=genes.task_space(source),
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

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw genes and a seed."""
        return genes.draw(self.source, self.split == "ood", self.stairs, rng)

    def in_split(self, task: Task) -> bool:
        """Tell whether seed and difficulty belong to the split."""
        hard = genes.difficulty(task) > 0
        if self.split == "ood":
            return hard
        return not hard and int(task["terrain_seed"]) % 2 == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse intervals whose lowest value is above the highest.

        Raises:
            ValueError: Naming the gene.
        """
        for name in genes.INTERVALS:
            low, high = task[name]
            if low > high:
                raise ValueError(
                    f"task[{name!r}] is ({low:g}, {high:g}): the first number is the lowest value, "
                    "the second the highest; swap them"
                )

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a terrain with genes one mutation away, in the split, and another seed."""
        for _ in range(1000):
            child = genes.mutate(task, self.source, self.stairs, rng)
            if self.distribution.in_split(child):
                return child
        return {**_tasks.copied(task), "terrain_seed": self._other_seed(task, rng)}

    def easiest_task(self) -> dict[str, Any]:
        """Return flat ground, with which evolution begins."""
        return genes.flat()

    def novelty_features(self, task: Task) -> np.ndarray:
        """Return what the paper measures the distance of terrains by, [5]."""
        rough = [float(task["ground_roughness"])]
        return np.concatenate([rough, task["pit_gap"], task["stump_height"]])

    def difficulty(self, task: Task) -> str:
        """Return how hard a terrain is, by the paper's thresholds: one of `genes.LABELS`."""
        return genes.LABELS[genes.difficulty(task)]

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Write the grounds of `rows` into their models."""
        self.ground = self.ground.copy()
        for row in rows.tolist():
            self._write_ground(row, profile(_tasks.at(self.tasks, row)))

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
        for limits, torque in zip(self._limits, _TORQUE * np.abs(actions), strict=True):
            limits[:, 0], limits[:, 1] = -torque, torque
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
        """Draw a row from the side, with its rays and genes."""
        from .pictures import draw

        task = _tasks.at(self.tasks, row)
        return draw(
            self.physics.models[row],
            self.physics.data[row],
            self.ground[row],
            task,
            self.difficulty(task),
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

    def _other_seed(self, task: Task, rng: np.random.Generator) -> int:
        """Return another seed of the split: seeds alternate between train and test."""
        step = 1 if self.split in ("all", "ood") else 2
        seed = int(task["terrain_seed"])
        return int((seed + step * rng.integers(1, genes.SEEDS // step)) % genes.SEEDS)

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
