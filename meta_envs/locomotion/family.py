"""Bodies with goals: any robot, randomisation and goal, as one batched family. N rows."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.arguments import flag
from ..core.core_arguments import CoreArguments
from ..core.splits import interleave
from ..core.tasks import Task
from ..physics.bodies import Physics, diverged, refuse_too_many
from .bodies import body_named
from .goals import goal_named, make_goal
from .measures import Health, Place
from .mujoco_rows import MujocoRows
from .observations import Observations
from .randomizations import randomization_named, write_task
from .settings import Settings, action_space, nominal_model
from .sources import settings_of


class Locomotion(MujocoRows):
    """A MuJoCo robot whose body, goal or both are the task.

    Tasks:
        The randomised quantities of the body (`randomization`: multipliers of the nominal model's
        numbers, drawn independently; gravity in m/s^2) and the goal (`goal`: `"direction"` 1 or
        -1, `"velocity"` m/s, `"angle"` radians from +x, or `"goal"`, x and y in metres).
    Observation:
        Positions and velocities of the joints, `Box(-inf, inf, (D,), float64)`, as `observation`
        says. It contains nothing of the task.
    Action:
        Torques of the joints, as a share of the motors' gear, `Box`; clipped to the bounds, also
        for costs.
    Reward:
        `forward_reward_weight` * (the goal's reward) + `goal_offset` + `healthy_reward` (each step
        that ends healthy) - `ctrl_cost_weight` * (sum of squared actions), minus contact costs if
        `contact_forces`. The goal's reward is the velocity along +x, along the direction or along
        the heading; minus the difference from the wanted velocity; or minus the distance to the
        place.
    Episode:
        Begins with the robot upright and slightly disturbed. Terminates when it falls
        (`terminate_when_unhealthy`), or when its physics diverges (`infos["physics_diverged"]`; the
        reward of that step is 0 and the observation the last finite one). Truncated at the
        id's horizon.
    Splits:
        `train` and `test` follow the same distribution, split by the parity of fine cells of the
        body's first multiplier (its position in the range), or of the goal's velocity, angle,
        distance or x. Two directions cannot be held out: `("all",)`. `half_planes` trains on one
        half and tests on the other. `"ood"` leaves the training ranges: at least one multiplier of
        every quantity, and the goal if its range is bounded.
    Source:
        See `sources`; each id names its source. Duan et al. 2016 (rllab's bodies), Finn et al. 2017
        (MAML), Rothfuss et al. 2019 (ProMP), Rakelly et al. 2019 (PEARL), Zintgraf et al. 2020
        (variBAD), Gupta et al. 2018 (MAESN), Houthooft et al. 2018 (EPG). Bodies are those of
        Gymnasium's v5 environments, so results differ from those of the papers' older MuJoCo.
    Versions:
        v0.

    Args:
        body: The robot: a name in `bodies.BODIES`, or `"module:Name"` of a `Body`.
        goal: What it is rewarded for: a name in `goals.GOALS`, or `"module:Name"`.
        randomization: What varies: in `randomizations.RANDOMIZATIONS`, or `"module:Name"`.
        source: Where settings come from: `"maml"`, `"promp"`, `"pearl"`, `"varibad"`, `"maesn"` or
            `"epg"` if it has this combination, or `"gymnasium"`; None: the first that applies.
        contact_forces: Whether contact forces are computed, observed and penalised. Off by default,
            as they were zero in the MuJoCo of the published results; costs time.
        threads: Threads that step rows; None: one per CPU. Results do not depend on it.
        **rest: Settings that replace the source's (`settings.Settings`), and `num_envs`, `split`,
            `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range or unknown.
        MemoryError: If the machine lacks the memory for so many rows.
    """

    more_arguments = tuple(field.name for field in fields(Settings))

    def __init__(
        self,
        body: str = "half_cheetah",
        goal: str = "forward",
        randomization: str = "none",
        source: str | None = None,
        contact_forces: bool = False,
        threads: int | None = None,
        **rest: Any,
    ):
        core = {name: rest.pop(name) for name in CoreArguments.__annotations__ if name in rest}
        self.robot, _ = body_named(body), goal_named(goal)
        self.quantities = randomization_named(randomization)
        published = settings_of(body, goal, randomization, source)
        self.settings = Settings.resolve(self.robot, {**published, **rest})
        self.goal = make_goal(goal, self.settings)
        if self.goal.needs_plane and not self.robot.plane:
            raise ValueError(f"goal={goal!r} needs a body that moves in the plane; {body} does not")
        self.contact_forces = flag("contact_forces", contact_forces)
        self.splits = self._known_splits()
        self._nominal = nominal_model(self.robot, self.settings)
        self._observations_of = Observations(
            self.settings.observation, self.contact_forces, self.settings.contact_force_limit
        )
        width = self._observation_size(self._nominal)
        # checked first, as allocating millions of rows takes minutes
        refuse_too_many(self._nominal, core.get("num_envs", 1), bool(self.quantities))
        super().__init__(
            task_space=spaces.Dict({**self._body_space(), **self.goal.space()}),
            observation_space=spaces.Box(-np.inf, np.inf, (width,), np.float64),
            action_space=action_space(self._nominal),
            **core,
        )
        self.physics = Physics(
            self._nominal,
            self.num_envs,
            self.settings.frame_skip,
            self._fields(),
            own_models=bool(self.quantities),
            contact_forces=self.contact_forces,
            threads=threads,
        )
        self._health = Health(self.settings, self._nominal)
        self._falls_end = self._health.limited and self.settings.terminate_when_unhealthy
        self._place = Place(self.robot, self.physics)
        self.state = {
            "qpos": np.zeros((self.num_envs, self._nominal.nq)),
            "qvel": np.zeros((self.num_envs, self._nominal.nv)),
            "place": np.zeros((self.num_envs, 2 if self.robot.plane else 1)),
        }
        self.metadata = {**self.metadata, "render_fps": max(round(1 / self.physics.dt), 1)}
        self._last = np.zeros((self.num_envs, width))  # observations, for rows that diverge

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a body and a goal."""
        ood = self.split == "ood"
        body = {one.key: one.draw(rng, self._nominal, ood) for one in self.quantities}
        return {**body, **self.goal.draw(rng, ood and self.goal.has_ood)}

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return every task, if only a direction varies."""
        if self.quantities:
            return None
        return self.goal.members()

    def in_split(self, task: Task) -> bool:
        """Tell whether body and goal belong to the split."""
        inside = [one.inside(task[one.key]) for one in self.quantities]
        if self.split == "ood":
            return not any(inside) and not (self.goal.has_ood and self.goal.inside(task))
        if not all(inside) or not self.goal.inside(task):
            return False
        published = self.goal.published_split(task)
        if published is not None:
            return published == self.split
        if self.quantities:
            first = self.quantities[0]
            position: float | None = first.position(task[first.key])
        else:
            position = self.goal.position(task)
        assert position is not None  # otherwise there is no such split
        return interleave(position, 0.0, 1.0) == self.split

    def check_task(self, task: Task) -> None:
        """Refuse invalid goals.

        Raises:
            ValueError: If the goal is inside the bounds but is not valid.
        """
        self.goal.check(task)

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a task with a slightly different body and goal."""
        return self.distribution.step_task(task, rng, self.goal.nearest)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Write the bodies of `rows`, always starting from the nominal one."""
        for row in rows.tolist() if self.quantities else ():
            model, data = self.physics.models[row], self.physics.data[row]
            task = _tasks.at(self.tasks, row)
            write_task(model, data, self.physics.nominal, self.quantities, task)

    # ---- episodes -------------------------------------------------------------------------------

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put the bodies of `rows` upright, slightly disturbed."""
        positions, velocities = self._first_states(rows)
        self.physics.begin(rows, positions, velocities)
        self.state["qpos"][rows], self.state["qvel"][rows] = positions, velocities
        self.state["place"][rows] = self._place.of_rows(rows, positions)
        observations = self._observe_rows(rows)
        self._last = self._last.copy()  # callers may hold the old one
        self._last[rows] = observations
        return observations

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row."""
        actions = actions.astype(np.float64)
        read = self.physics.step(self._controls(actions), self.resting)
        positions, velocities = read["qpos"], read["qvel"]
        place = self._place.of_every_row(read)
        lost = diverged(positions, velocities)
        any_lost = lost.any()
        if any_lost:  # such rows keep their last state, so that none of their numbers is NaN
            positions[lost], velocities[lost] = self.state["qpos"][lost], self.state["qvel"][lost]
            place = np.where(lost[:, None], self.state["place"], place)
        healthy = self._health(positions, velocities)
        speed = (place - self.state["place"]) / self.physics.dt
        rewards, infos = self._rewards(actions, read, place, speed, healthy)
        observations = self._observe(read, place)
        if any_lost:
            observations = np.where(lost[:, None], self._last, observations)
            rewards = np.where(lost, 0.0, rewards)
        self.state = {"qpos": positions, "qvel": velocities, "place": place}
        self._last = observations
        terminated = lost | ~healthy if self._falls_end else lost.copy()
        return observations, rewards, terminated, {**infos, "physics_diverged": lost}

    def more_state(self) -> dict[str, np.ndarray]:
        """Return MuJoCo's state of every row, and the last observations."""
        return {"physics": self.physics.get_state(), "last": self._last}

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Restore the state."""
        self.physics.set_state(state["physics"])
        self._last = state["last"]

    # ---- inside ---------------------------------------------------------------------------------

    def _known_splits(self) -> tuple[str, ...]:
        if not self.quantities and (self.goal.members() is not None or not self.goal.space()):
            return ("all",)
        ood = ("ood",) if self.quantities or self.goal.has_ood else ()
        return ("train", "test", "all", *ood)

    def _body_space(self) -> dict[str, spaces.Space]:
        return {one.key: one.space(self._nominal) for one in self.quantities}

    def _observation_size(self, model: mujoco.MjModel) -> int:
        return self._observations_of.size(model)

    def _first_states(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw positions [R, nq] and velocities [R, nv]."""
        model, settings = self._nominal, self.settings
        unit = self.random.uniform(rows, model.nq)
        positions = model.qpos0 + settings.position_noise * (2 * unit - 1)
        if settings.normal_velocities:
            noise = self.random.normal(rows, model.nv)
        else:
            noise = 2 * self.random.uniform(rows, model.nv) - 1
        return positions, settings.velocity_noise * noise

    def _controls(self, actions: np.ndarray) -> np.ndarray:
        """Return what reaches the motors, [N, A]."""
        return actions

    def _fields(self) -> tuple[str, ...]:
        """Return the names of the fields of `MjData` that steps read."""
        forces = ("cfrc_ext",) if self.contact_forces else ()
        seen = self._observations_of.fields
        return ("qpos", "qvel", Place.field(self.robot), *forces, *seen)

    def _rewards(
        self,
        actions: np.ndarray,
        read: dict[str, np.ndarray],
        place: np.ndarray,
        speed: np.ndarray,
        healthy: np.ndarray,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Return rewards [N] and infos."""
        settings = self.settings
        goal = settings.forward_reward_weight * self.goal.reward(place, speed, self.tasks)
        control = settings.ctrl_cost_weight * np.square(actions).sum(axis=1)
        costs = control + self._contact_costs(read) if self.contact_forces else control
        rewards = goal + (settings.goal_offset + settings.healthy_reward * healthy) - costs
        return rewards, {"x_velocity": speed[:, 0], "reward_goal": goal, "reward_ctrl": -control}

    def _contact_costs(self, read: dict[str, np.ndarray]) -> np.ndarray:
        forces = read["cfrc_ext"]
        limit = self.settings.contact_force_limit
        if limit is not None:
            forces = np.clip(forces, -limit, limit)
        costs = self.settings.contact_cost_weight * np.square(forces).sum(axis=(1, 2))
        highest = self.settings.contact_cost_limit
        return costs if highest is None else np.minimum(costs, highest)

    def _observe(self, read: dict[str, np.ndarray], place: np.ndarray) -> np.ndarray:
        return self._observations_of.every_row(read)

    def _observe_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._observations_of.of_rows(self.physics, rows)
