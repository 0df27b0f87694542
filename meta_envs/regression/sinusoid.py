"""MAML's sine waves; N rows, T points of an episode, M tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse
from ..core.splits import interleave
from ..core.tasks import Task, Tasks
from ..core.vector import MetaVectorEnv
from .pictures import draw_curve

if TYPE_CHECKING:
    from typing_extensions import Unpack

_AMPLITUDES = (0.1, 5.0)
_PHASES = (0.0, np.pi)  # radians
_X = 5.0  # points are between minus and plus this
_POINT_BYTES = 40  # per point: x, y, the answer, and x again while it is drawn
_Y = _AMPLITUDES[1]


class Sinusoid(MetaVectorEnv):
    """A sine wave: some of its points are shown, then the values at others are asked for.

    Tasks:
        `"amplitude"` float64, uniform in [0.1, 5]; `"phase"` float64, uniform in [0, pi] radians:
        y = amplitude sin(x - phase).
    Observation:
        `Box((3,), float32)`: x, uniform in [-5, 5]; y if it is shown, else 0; and 1 if y is
        shown, else 0. The first `shots` observations of an episode show y, the others ask for it.
        So the first observation can tell tasks apart: learners learn from the pairs shown.
    Action:
        `Box(-1, 1, (1,), float32)`: a fifth of the answer, the y for the observed x. It is
        clipped, and the clipped answer is scored.
    Reward:
        Minus the squared error of the answer where y is asked for; 0 where it is shown.
        `infos["squared_error"]` is that of every step; `infos["query"]` says which were queries.
        The mean reward of the queries is minus the mean squared error.
    Episode:
        Terminates after `shots + queries` steps; the observation after them is 0. A trial is one
        episode.
    Splits:
        `train` and `test`: even and odd cells of the phase (`core.splits.interleave`); the source
        holds out no tasks but draws new ones. Answering 0 has a mean squared error of 4.2517
        on `all`: half of the mean squared amplitude.
    Source:
        Finn et al. 2017 (MAML), section 5.1, and its code. The form as an environment is ours.
    Versions:
        v0.

    Supervised learners, which need no environment, draw pairs with `draw_batch`.

    Args:
        shots: Pairs shown, K of "K-shot".
        queries: Values asked for.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If `shots` or `queries` is not an integer of at least 1.
    """

    splits = ("train", "test", "all")
    start_shows = ("amplitude", "phase")

    def __init__(self, shots: int = 10, queries: int = 10, **core: Unpack[CoreArguments]):
        self.shots = positive("shots", shots)
        self.queries = positive("queries", queries)
        refuse_size("shots", self.shots, lambda count: count * _POINT_BYTES)
        refuse_size("queries", self.queries, lambda count: (self.shots + count) * _POINT_BYTES)
        self.row_bytes = (self.shots + self.queries) * _POINT_BYTES
        low = np.array([-_X, -_Y, 0.0], dtype=np.float32)
        high = np.array([_X, _Y, 1.0], dtype=np.float32)
        super().__init__(
            task_space=spaces.Dict(
                {
                    "amplitude": spaces.Box(*_AMPLITUDES, (), np.float64),
                    "phase": spaces.Box(*_PHASES, (), np.float64),
                }
            ),
            observation_space=spaces.Box(low, high, dtype=np.float32),
            action_space=spaces.Box(-1.0, 1.0, (1,), np.float32),
            **core,
        )
        points = (self.num_envs, self.shots + self.queries)
        self.state = {"x": np.zeros(points), "y": np.zeros(points)}
        self._answers = np.zeros(points)  # for pictures

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw an amplitude and a phase."""
        return {"amplitude": rng.uniform(*_AMPLITUDES), "phase": rng.uniform(*_PHASES)}

    def in_split(self, task: Task) -> bool:
        """Tell whether the phase is in a cell of the split."""
        return interleave(float(task["phase"]), *_PHASES) == self.split

    def draw_batch(
        self, rng: np.random.Generator, tasks: Tasks, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw n pairs of each of M tasks: the supervised interface, which plays no episodes.

        Shots and queries of a supervised learner are two batches, or one batch split in two:

            tasks = venv.sample_tasks(25, seed=0)
            x, y = venv.draw_batch(rng, tasks, 20)
            shots, queries = (x[:, :10], y[:, :10]), (x[:, 10:], y[:, 10:])

        Args:
            rng: Generator that draws x.
            tasks: Arrays [M], as returned by `sample_tasks`.
            n: Number of pairs per task.

        Returns:
            x, uniform in [-5, 5], and y, float64 [M, n, 1] each.

        Raises:
            ValueError: If `n` is not an integer of at least 1.
        """
        x = rng.uniform(-_X, _X, (len(tasks["phase"]), positive("n", n)))
        return x[..., None], sine(x, tasks)[..., None]

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse more steps than there are points."""
        super().check_state(state)
        points, elapsed = self.shots + self.queries, state["elapsed"]
        over = (elapsed >= points) & ~state["ended"]
        refuse("elapsed", elapsed, over, f"below {points}, the number of points")

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Draw the points of an episode for each of `rows`; return the first pairs [R, 3]."""
        x = _X * (2.0 * self.random.uniform(rows, self.shots + self.queries) - 1.0)
        self.state["x"][rows] = x
        self.state["y"][rows] = sine(x, {key: part[rows] for key, part in self.tasks.items()})
        return self._observe(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Score an answer in each row."""
        point = self.elapsed - 1
        answers = _Y * actions[:, 0].astype(np.float64)
        error = answers - self.state["y"][self.every_row, point]
        error *= error
        query = point >= self.shots
        if self.render_mode is not None:
            self._answers[self.every_row, point] = answers
        rewards = np.where(query, -error, 0.0)
        terminated = self.elapsed >= self.shots + self.queries
        infos = {"squared_error": error, "query": query}
        return self._observe(self.every_row), rewards, terminated, infos

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the action that gives the right answer, float32 [1].

        Args:
            observation: Observation of one row, [3].
            task: The task of the row.
        """
        tasks = {key: np.asarray(value)[None] for key, value in task.items()}
        x = np.asarray(observation[:1], dtype=np.float64)
        return (sine(x[None], tasks)[0] / _Y).astype(np.float32)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the wave, the pairs shown so far, and the answers given."""
        return draw_curve(
            amplitude=float(self.tasks["amplitude"][row]),
            phase=float(self.tasks["phase"][row]),
            x=self.state["x"][row],
            y=self.state["y"][row],
            answers=self._answers[row],
            shots=self.shots,
            step=int(self.elapsed[row]),
        )

    def _observe(self, rows: np.ndarray) -> np.ndarray:
        point, last = self.elapsed[rows], self.shots + self.queries - 1
        seen = np.zeros((len(rows), 3), dtype=np.float32)
        shown = point < self.shots
        index = np.minimum(point, last)
        seen[:, 0] = np.where(point <= last, self.state["x"][rows, index], 0.0)
        seen[:, 1] = np.where(shown, self.state["y"][rows, index], 0.0)
        seen[:, 2] = shown
        return seen


def sine(x: np.ndarray, tasks: Tasks) -> np.ndarray:
    """Return y [M, T] of x [M, T] for tasks of amplitudes and phases [M]."""
    return tasks["amplitude"][:, None] * np.sin(x - tasks["phase"][:, None])
