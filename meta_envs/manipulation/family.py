"""Meta-World as task distributions: ML1, ML10, ML25 and ML45. N rows, R some of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.arguments import choice, flag, positive
from ..core.memory import refuse_beyond_memory
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from . import benchmarks, upstream
from .environments import NATIVE
from .groups import HAND_HIGH, HAND_LOW
from .native import NativeRows
from .originals import INFOS, OBSERVATION, OriginalRows
from .processes import ProcessRows
from .stepping import Seat

_ROWS = (None, "sync", "async")
_REWARDS = ("v2", "v1")
_ROW_BYTES = 700_000  # resident, measured on 1,000 batched rows of ML10; others need more
_NUMBERS = {name: number for number, name in enumerate(benchmarks.NAMES)}


class Manipulation(MetaVectorEnv):
    """A robot arm that has to handle the objects in front of it: Meta-World's benchmarks.

    Tasks:
        `environment`, which of Meta-World's 50 environments (an index into
        `manipulation.benchmarks.NAMES`), and `goal`, where its objects and its target are: three or
        six numbers in metres, padded to six with zeros.
    Observation:
        `Box(39,)`: hand [3] in metres, opening of the gripper, positions [3] and quaternions [4]
        of one or two objects (else zeros), the same 18 numbers of the previous step, and three
        zeros where upstream can show the goal. The first observation can tell tasks apart, as it
        shows the objects, which stand where the task places them.
    Action:
        `Box(-1, 1, (4,))`: how far the hand is moved, in centimetres along x, y and z, and how hard
        the gripper closes; clipped to the bounds.
    Reward:
        Upstream's, by `reward_version`: `"v2"`, 0 to 10 a step, or the older `"v1"`, whose scales
        differ widely.
    Episode:
        Never terminates; truncated at the id's 500 steps. `infos["success"]` is 1.0 at steps where
        the task is done; an episode counts as a success if it is so at any step.
        Upstream resets ignore the seed: the start of an episode depends only on its task.
    Splits:
        Upstream's. `train` and `test` of ML10, ML25 and ML45 are different environments, those of
        ML1 different goals; 50 goals each, as in `metaworld.ML10(seed=goals_seed)` and so on.
        (Upstream's own id `Meta-World/ML1-train` serves the test goals.) ML25's lists have
        basketball in both splits, with different goals: a slip of upstream's, kept here.
    Source:
        Yu et al. 2019, McLean et al. 2025 (Meta-World+); metaworld 3.1.1, which performs the
        resets, so that episodes equal those of its environments to the last bits.
    Versions:
        v0.

    Args:
        benchmark: `"ML1"`, `"ML10"`, `"ML25"` or `"ML45"`.
        task_name: The environment of ML1, e.g. `"reach-v3"`; None for the others.
        reward_version: `"v2"` or `"v1"`.
        goals_seed: Seed for the goals.
        rows: How rows are played: None, as one batch if rewards are `"v2"`, else by upstream's
            environments; `"sync"`, by upstream's in this process; `"async"`, by upstream's in other
            processes.
        threads: Threads (or processes) that step; None: one per CPU. Results do not depend
            on it.
        any_mujoco: Accept a MuJoCo other than the one that metaworld pins.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ImportError: If the installed MuJoCo is not the one that metaworld pins.
        MemoryError: If the machine lacks the memory for so many rows.
        ValueError: If an argument is out of range or unknown.
    """

    splits: tuple[str, ...] = ("train", "test", "all")
    start_shows = ("environment", ("goal", slice(3)))
    task_labels = {"environment": benchmarks.NAMES}

    def __init__(
        self,
        benchmark: str = "ML10",
        task_name: str | None = None,
        reward_version: str = "v2",
        goals_seed: int = 0,
        rows: str | None = None,
        threads: int | None = None,
        any_mujoco: bool = False,
        **core: Any,
    ):
        choice("rows", rows, _ROWS)
        choice("reward_version", reward_version, _REWARDS)
        self.goals = benchmarks.goals(benchmark, task_name, goals_seed)
        upstream.check_mujoco(flag("any_mujoco", any_mujoco))
        num_rows = positive("num_envs", core.get("num_envs", 1))
        refuse_beyond_memory(num_rows, _ROW_BYTES, f"num_envs={num_rows} rows of Meta-World")
        low, high = benchmarks.bounds()
        super().__init__(
            task_space=spaces.Dict(
                {
                    "environment": spaces.Discrete(len(benchmarks.NAMES)),
                    "goal": spaces.Box(low, high, dtype=np.float64),
                }
            ),
            observation_space=_observation_space(),
            action_space=spaces.Box(-1.0, 1.0, (4,), np.float32),
            **core,
        )
        self.environments = {
            split: tuple(name for name, _ in parts) for split, parts in self.goals.items()
        }
        self._allowed = {name for names in self.environments.values() for name in names}
        self._members = {split: _members(parts) for split, parts in self.goals.items()}
        self._known = {split: set(map(_key, tasks)) for split, tasks in self._members.items()}
        self._native = rows is None and reward_version == "v2"
        other: OriginalRows | ProcessRows
        if rows == "async":
            other = ProcessRows(self.num_envs, reward_version, threads)
        else:
            other = OriginalRows(self.num_envs, reward_version)
        self._other = other
        self._batched = NativeRows(self.num_envs, threads)
        self._renderers: dict[str, Any] = {}
        self.metadata = {**self.metadata, "render_fps": 80}

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a goal of the split; each is equally likely."""
        members = self.all_tasks() if self.split == "all" else self._members[self.split]
        return members[rng.integers(len(members))]

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every task of each split: the first goal of every environment, the second, ..."""
        return tuple(task for tasks in self._members.values() for task in tasks)

    def in_split(self, task: Task) -> bool:
        """Tell whether a goal belongs to the split."""
        return _key(task) in self._known[self.split]

    def check_task(self, task: Task) -> None:
        """Refuse environments of other benchmarks, and goals that their environment rejects.

        Raises:
            ValueError: If the task is invalid in this way.
        """
        name = benchmarks.NAMES[int(task["environment"])]
        if name not in self._allowed:
            allowed = ", ".join(f"{_NUMBERS[one]} ({one})" for one in sorted(self._allowed))
            raise ValueError(
                f"task['environment']={int(task['environment'])} ({name}) is not of this "
                f"benchmark, which has {allowed}"
            )
        refused = benchmarks.refusal(name, task["goal"])
        if refused is not None:
            raise ValueError(f"task['goal']={task['goal'].tolist()} is not a goal: {refused}")

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the action of upstream's scripted policy, which knows the goal.

        Args:
            observation: Observation of one row, [39].
            task: Its task.

        Returns:
            Float32 [4], within the bounds.
        """
        name = benchmarks.NAMES[int(task["environment"])]
        return upstream.scripted_action(name, observation, np.asarray(task["goal"], np.float64))

    # ---- episodes -------------------------------------------------------------------------------

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put hand and objects of `rows` where their tasks say."""
        names = [benchmarks.NAMES[number] for number in self.tasks["environment"][rows].tolist()]
        goals = self.tasks["goal"][rows]
        batched = np.array([self._native and name in NATIVE for name in names], dtype=bool)
        observations = np.empty((len(rows), OBSERVATION))
        for engine, mine in ((self._batched, batched), (self._other, ~batched)):
            if mine.any():
                chosen = [name for name, one in zip(names, mine, strict=True) if one]
                observations[mine] = engine.begin(rows[mine], chosen, goals[mine])
            engine.leave(rows[~mine])
        return observations

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row."""
        observations = np.empty((self.num_envs, OBSERVATION))
        rewards, infos = np.empty(self.num_envs), np.empty((len(INFOS), self.num_envs))
        for engine in (self._batched, self._other):
            rows = engine.rows
            if rows.size:
                observations[rows], rewards[rows], infos[:, rows] = engine.step(actions[rows])
        ended = np.zeros(self.num_envs, dtype=bool)
        return observations, rewards, ended, dict(zip(INFOS, infos, strict=True))

    def more_state(self) -> dict[str, np.ndarray]:
        """Return the state from which rows can continue.

        Raises:
            NotImplementedError: If some rows are upstream's environments.
        """
        if self._other.rows.size:
            rows = self._other.rows
            names = {benchmarks.NAMES[number] for number in self.tasks["environment"][rows]}
            raise NotImplementedError(
                f"rows {rows.tolist()[:5]} are played by metaworld's own environments "
                f"({', '.join(sorted(names))}), whose state cannot be read; get_state and "
                "set_state are for environments that are batched here"
            )
        return self._batched.get_state()

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Restore the state."""
        self.begin_episodes(self.every_row)
        self._batched.set_state(state)

    def close_extras(self, **kwargs: Any) -> None:
        """Stop threads or processes and close the renderers."""
        closed = [getattr(self, name, None) for name in ("_batched", "_other")]
        for one in (*closed, *getattr(self, "_renderers", {}).values()):
            if one is not None:  # a constructor that raised leaves None
                one.close()

    @property
    def seats(self) -> list[Seat]:
        """Models and data of the batched rows, by row."""
        return self._batched.seats

    def render_row(self, row: int) -> np.ndarray:
        """Draw a row."""
        task = _tasks.at(self.tasks, row)
        name = benchmarks.NAMES[int(task["environment"])]
        engine = self._batched if row in self._batched.rows else self._other
        beginning = upstream.begin(name, task["goal"])
        model, data = upstream.original(name).posed(
            engine.physics_state(row), beginning.body_pos, beginning.site_pos
        )
        if name not in self._renderers:
            from .pictures import renderer

            self._renderers[name] = renderer()
        target = tuple(beginning.target.tolist())
        lines = [(name, "goal at " + " ".join(f"{number:.2f}" for number in target))]
        return self._renderers[name].draw(model, data, lines=lines, target=target)


def _observation_space() -> spaces.Box:
    # Upstream's, but unbounded where upstream bounds the hidden goal by zero and zero.
    low, high = np.full(OBSERVATION, -np.inf), np.full(OBSERVATION, np.inf)
    for start in (0, 18):
        low[start : start + 4], high[start : start + 4] = HAND_LOW, HAND_HIGH
    return spaces.Box(low, high, dtype=np.float64)


def _members(parts: tuple[tuple[str, np.ndarray], ...]) -> tuple[dict[str, Any], ...]:
    # environments alternate, so that the first tasks of a split cover all of them
    names, goals = zip(*parts, strict=True)
    return tuple(
        {"environment": _NUMBERS[name], "goal": goal}
        for each in zip(*goals, strict=True)
        for name, goal in zip(names, each, strict=True)
    )


def _key(task: Task | dict[str, Any]) -> tuple[int, bytes]:
    return int(task["environment"]), np.asarray(task["goal"]).tobytes()
