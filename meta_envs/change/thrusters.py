"""A point with four thrusters, two of which fail. N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import number
from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from ..physics.failing import FailingLimbs, Schedule, pair_labels, pair_space, strengths
from ..pictures.trails import Trails
from .pictures import NAMES, draw_thrusters

if TYPE_CHECKING:
    from typing_extensions import Unpack

_DT = 0.1  # s
_THRUST = 2.0  # m/s^2, of one thruster at full strength
_GLIDE = 0.8  # share of the velocity that is left after a step: drag with a time of 0.5 s
_FAR = 10.0  # m; observations have places in this unit
_SLANT = np.sqrt(0.5)  # thrusters push at 45 degrees from the course
# Left front, left rear, right front, right rear: those on the left push forwards and to the right.
DIRECTIONS = _SLANT * np.array([[1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [1.0, 1.0]])
THRUSTERS = len(DIRECTIONS)
_MOST = 1e3  # of costs and gusts


class Thrusters(FailingLimbs, MetaVectorEnv):
    """A point that is to fly along +x while a hidden pair of its four thrusters fails.

    Thrust costs whether or not it arrives, so thrusters that have failed should be left alone. Of
    a front pair and a rear pair the point sees nothing but the rewards: who wants to know must try.

    Tasks:
        `"pair"` int, 0-5: which two of the thrusters left front, left rear, right front, right
        rear, in the order (0, 1), (0, 2), ..., (2, 3); `"factor"`: what is left of their thrust,
        from 1 to 0. A trial begins with a factor of 1, which `schedule` changes before every later
        episode: in equal steps to 0 at the seventh. A pin holds for a trial's first episode.
    Observation:
        x, y (10 m) and the velocity along each axis (m/s), `Box(-inf, inf, (4,), float32)`.
    Action:
        Thrust of every thruster, `Box(-1, 1, (4,), float32)`, clipped, also for costs. At full
        strength one accelerates by 2 m/s^2 at 45 degrees from +x, those on the left to the right;
        those of the pair push `factor` times that.
    Reward:
        The velocity along +x (m/s) minus `ctrl_cost_weight` times the sum of squared actions. Best
        is, far from an episode's end, an action of 1 / sqrt(2) / 2 / `ctrl_cost_weight` times what
        is left of each thruster (`expert`).
    Episode:
        Begins at rest near the origin, uniform in [-0.1, 0.1]^2. A step takes 0.1 s: the velocity
        keeps 0.8 of itself, and gets 0.1 s times the acceleration and a normal gust of `gust` along
        each axis. Truncated after 100 steps. Seven episodes a trial.
    Splits:
        `test` holds out the two pairs that mirror each other, front and rear; `train` has the two
        sides and the two diagonals.
    Source:
        Ours: what the six-legged robot of Al-Shedivat et al. 2018 (section 5.1) asks of a learner,
        without a body: a step is a few lines of NumPy.
    Versions:
        v0.

    Args:
        schedule: How the factor goes on: `"linear"`, `"jump"` (at once to 0, before one of the
            later episodes), `"random_walk"` or `"periodic"` (a cosine).
        drift_episodes: Episodes from a factor of 1 to one of 0, both included.
        walk_step: Standard deviation of the random walk's steps.
        ctrl_cost_weight: Reward lost for each unit of squared action.
        gust: Standard deviation of gusts, m/s.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    limbs = THRUSTERS
    task_labels = {"pair": pair_labels(NAMES)}

    def __init__(
        self,
        schedule: str = "linear",
        drift_episodes: int = 7,
        walk_step: float = 0.25,
        ctrl_cost_weight: float = 0.45,
        gust: float = 0.1,
        **core: Unpack[CoreArguments],
    ):
        self.schedule = Schedule(schedule, drift_episodes, walk_step)
        self.ctrl_cost_weight = number("ctrl_cost_weight", ctrl_cost_weight, above=0.0, high=_MOST)
        self.gust = number("gust", gust, 0.0, _MOST)
        super().__init__(
            task_space=spaces.Dict(pair_space(THRUSTERS)),
            observation_space=spaces.Box(-np.inf, np.inf, (4,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (THRUSTERS,), np.float32),
            **core,
        )
        self.state = {name: np.zeros((self.num_envs, 2)) for name in ("position", "velocity")}
        self._strength = np.ones((self.num_envs, THRUSTERS))
        self._thrust = np.zeros((self.num_envs, THRUSTERS))  # of the last step, for pictures
        self._trails = Trails(self.num_envs)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Note what is left of the thrusters of `rows`."""
        tasks = {key: part[rows] for key, part in self.tasks.items()}
        self._strength[rows] = strengths(tasks, THRUSTERS, THRUSTERS)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` at rest near the origin."""
        self.state["position"][rows] = 0.1 * (2.0 * self.random.uniform(rows, 2) - 1.0)
        self.state["velocity"][rows] = 0.0
        self._thrust[rows] = 0.0
        if self.render_mode is not None:
            self._trails.begin_trials(rows[self._clock.episode[rows] == 1])
            self._trails.begin_episodes(rows, self.state["position"][rows])
        return self._observe(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row; `infos` has the velocity along +x and the cost."""
        wanted = actions.astype(np.float64)
        self._thrust = wanted * self._strength
        push = np.einsum("na,ax->nx", self._thrust, DIRECTIONS, optimize=False)
        gusts = self.gust * self.random.normal(size=2)
        velocity = _GLIDE * self.state["velocity"] + _DT * _THRUST * push + gusts
        position = self.state["position"] + _DT * velocity
        self.state = {"position": position, "velocity": velocity}
        costs = self.ctrl_cost_weight * np.square(wanted).sum(axis=1)
        rewards = velocity[:, 0] - costs
        if self.render_mode is not None:
            self._trails.step(position, rewards)
        infos = {"x_velocity": velocity[:, 0].copy(), "reward_ctrl": -costs}
        return self._observe(self.every_row), rewards, np.zeros(self.num_envs, dtype=bool), infos

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the best action far from an episode's end; it does not depend on what is seen.

        Args:
            observation: Observation of one row, [4].
            task: The task of the row.

        Returns:
            float32 [4].
        """
        left = strengths({key: np.asarray(part)[None] for key, part in task.items()}, 4, 4)[0]
        worth = _SLANT * _DT * _THRUST / (1.0 - _GLIDE)  # of a unit of thrust, over all later steps
        return np.clip(left * worth / (2.0 * self.ctrl_cost_weight), -1.0, 1.0).astype(np.float32)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the point with its thrusters, and the paths of this trial."""
        return self._draw(row, self._strength[row])

    def render_seen(self, row: int) -> np.ndarray:
        """Draw the same without saying which thrusters fail, for human players."""
        return self._draw(row, None)

    def _draw(self, row: int, strength: np.ndarray | None) -> np.ndarray:
        return draw_thrusters(
            self._trails.of(row),
            self._thrust[row] if strength is not None else np.zeros(THRUSTERS),
            strength,
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.max_episode_steps),
        )

    def _observe(self, rows: np.ndarray) -> np.ndarray:
        seen = (self.state["position"][rows] / _FAR, self.state["velocity"][rows])
        return np.concatenate(seen, axis=1).astype(np.float32)
