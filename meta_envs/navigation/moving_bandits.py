"""Points that move in four directions, and circles of which one pays. N rows, R some of them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from ..pictures.trails import Trails
from .moving_pictures import Circle, draw_circles

if TYPE_CHECKING:
    from typing_extensions import Unpack

SIDE = 400.0  # of the square that circles are drawn in; observations are in units of it
RADIUS = 50.0  # of a circle; a point on its rim is outside
_START = 200.0  # x and y of the start
_MOVES = 20.0 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])  # stay, right, left, up, down
_AROUND = np.array(list(product(range(-3, 4), repeat=2)), dtype=np.float64)  # moves in x and y
_UNSURE = 1e-3  # of a distance that is told in float32


class CirclePoint(MetaVectorEnv):
    """A point among circles, of which one of the first two pays in every episode of a trial.

    A family writes `pay` and `circles`. `state["position"]` is float64 [N, 2], and
    `state["centres"]` [N, circles, 2].

    Args:
        count: Circles.
        key: Name of the task: which of the first two circles pays.
        n_flags: Numbers that are observed besides places.
        steps: Steps per episode; the last one terminates it.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range.
    """

    action_names = ("stay", "right", "left", "up", "down")
    key: ClassVar[str]

    def __init__(self, *, count: int, n_flags: int, steps: int, **core: Unpack[CoreArguments]):
        self.steps = positive("steps", steps)
        reach = self.steps * float(_MOVES.max())
        self._bounds = (_START - reach, _START + reach)
        n_observed = 2 + 2 * count + n_flags
        super().__init__(
            task_space=spaces.Dict({self.key: spaces.Discrete(2)}),
            observation_space=spaces.Box(-np.inf, np.inf, (n_observed,), np.float32),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        self.state = {
            "position": np.full((self.num_envs, 2), _START),
            "centres": np.zeros((self.num_envs, count, 2)),
        }
        self._trails = Trails(self.num_envs)  # for pictures

    def pay(self, inside: np.ndarray) -> np.ndarray:
        """Return which rows are paid, bool [N], if they are in these circles, bool [N, circles]."""
        raise NotImplementedError

    def circles(self, row: int) -> list[Circle]:
        """Return the circles of a row, for its picture."""
        raise NotImplementedError

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw which circle pays."""
        return {self.key: rng.integers(2)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({self.key: 0}, {self.key: 1})

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places that cannot be reached."""
        super().check_state(state)
        refuse_outside("state.position", state["state.position"], *self._bounds)
        refuse_outside("state.centres", state["state.centres"], 0, SIDE)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, where the last trial went."""
        self._trails.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` in the middle, and their circles elsewhere."""
        centres = self.state["centres"]
        drawn = self.random.uniform(rows, centres[0].size) * SIDE
        centres[rows] = drawn.reshape(len(rows), *centres.shape[1:])
        self.state["position"][rows] = _START
        if self.render_mode is not None:
            self._trails.begin_episodes(rows, self.state["position"][rows])
        return self.observe(rows)

    def observe(self, rows: np.ndarray) -> np.ndarray:
        """Return what `rows` see, float32 [R, n]: their place, and those of their circles."""
        centres = self.state["centres"][rows].reshape(len(rows), self.state["centres"][0].size)
        seen = np.concatenate([self.state["position"][rows], centres], axis=1) / SIDE
        return seen.astype(np.float32)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row; nothing is in its way."""
        position = self.state["position"] + _MOVES[actions]
        self.state["position"] = position
        offsets = position[:, None] - self.state["centres"]
        x, y = offsets[..., 0], offsets[..., 1]
        paid = self.pay(x * x + y * y < RADIUS**2)
        rewards = paid.astype(np.float64)
        if self.render_mode is not None:
            self._trails.step(position, rewards)
        return self.observe(self.every_row), rewards, self.elapsed >= self.steps, {"success": paid}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the circles, and the path of the episode."""
        return draw_circles(
            type(self).__name__,
            self._trails.of(row),
            self.circles(row),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.steps),
        )


class MovingBandits(CirclePoint):
    """Two circles in view, elsewhere in each episode; the same one pays throughout a trial.

    Tasks:
        `"goal"`: which of the two circles pays, 0 or 1.
    Observation:
        x and y of the point, of circle 0 and of circle 1, in units of 400,
        `Box(-inf, inf, (6,), float32)`. Which circle pays is not in it.
    Action:
        `Discrete(5)`: 0 stay, 1 right (x + 20), 2 left, 3 up (y + 20), 4 down.
    Reward:
        1 for each step that ends less than 50 from the centre of the circle that pays, else 0.
        `infos["success"]` says whether it did.
    Episode:
        Begins at (200, 200), with centres drawn uniformly from the square [0, 400]^2. Terminates
        after `steps` steps; no wall bounds the plane. Ten episodes a trial. Who knows the task and
        goes straight there earns 43.8 an episode, who always goes to one of the two 23.1, and
        random moves 2.5.
    Splits:
        `all` only: there are two tasks.
    Source:
        The code of Frans et al. 2018 (MLSH), `MovementBandits-v0`; their section 6.1.
    Versions:
        v0.

    Args:
        steps: Steps per episode.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    key = "goal"

    def __init__(self, steps: int = 50, **core: Unpack[CoreArguments]):
        super().__init__(count=2, n_flags=0, steps=steps, **core)

    def pay(self, inside: np.ndarray) -> np.ndarray:
        """Pay in the circle of the task."""
        return inside[self.every_row, self.tasks["goal"]]

    def circles(self, row: int) -> list[Circle]:
        """Return the one that pays and the other."""
        goal = int(self.tasks["goal"][row])
        centres = self.state["centres"][row].tolist()
        return [
            Circle("goal", centres[goal], str(goal), "pays (hidden)"),
            Circle("other", centres[1 - goal], str(1 - goal), "does not"),
        ]

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the next move of a shortest way into the circle that pays.

        Args:
            observation: Observation of one row, [6].
            task: The task of the row.
        """
        goal = int(task["goal"])
        return _towards(observation[:2], observation[2 + 2 * goal : 4 + 2 * goal])


class KeyDoor(CirclePoint):
    """A key and two doors in view, elsewhere in each episode; the key opens the same door always.

    Tasks:
        `"door"`: which of the two doors pays, 0 or 1.
    Observation:
        x and y of the point, of door 0, of door 1 and of the key, in units of 400, and 1 if the
        point has the key, else 0: `Box(-inf, inf, (9,), float32)`.
    Action:
        `Discrete(5)`: 0 stay, 1 right (x + 20), 2 left, 3 up (y + 20), 4 down.
    Reward:
        1 for each step that ends, with the key, less than 50 from the door that pays, else 0. The
        key is taken by the first step that ends less than 50 from it. `infos["success"]` says
        whether the step was paid.
    Episode:
        Begins at (200, 200), with all three drawn uniformly from the square [0, 400]^2. Terminates
        after `steps` steps; no wall bounds the plane. Ten episodes a trial. Who knows the task and
        goes straight to the key and then to the door earns about 84 an episode.
    Splits:
        `all` only: there are two tasks.
    Source:
        The code of Frans et al. 2018 (MLSH), `KeyDoor-v0`, with 100 steps. It shows places as they
        are, up to 400, beside the flag; here they are divided by 400, as in its moving bandits.
    Versions:
        v0.

    Args:
        steps: Steps per episode.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    key = "door"

    def __init__(self, steps: int = 100, **core: Unpack[CoreArguments]):
        super().__init__(count=3, n_flags=1, steps=steps, **core)
        self.state["has_key"] = np.zeros(self.num_envs, dtype=bool)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Take the key away, and begin."""
        self.state["has_key"][rows] = False
        return super().begin_episodes(rows)

    def observe(self, rows: np.ndarray) -> np.ndarray:
        """Return places, and who has the key, float32 [R, 9]."""
        flag = self.state["has_key"][rows].astype(np.float32)
        return np.concatenate([super().observe(rows), flag[:, None]], axis=1)

    def pay(self, inside: np.ndarray) -> np.ndarray:
        """Take the key, and pay at the door of the task."""
        self.state["has_key"] = self.state["has_key"] | inside[:, 2]
        return inside[self.every_row, self.tasks["door"]] & self.state["has_key"]

    def circles(self, row: int) -> list[Circle]:
        """Return both doors and the key."""
        door = int(self.tasks["door"][row])
        centres = self.state["centres"][row].tolist()
        key = "key, taken" if self.state["has_key"][row] else "key"
        return [
            Circle("goal", centres[door], str(door), "opens (hidden)"),
            Circle("other", centres[1 - door], str(1 - door), "does not"),
            Circle("key", centres[2], "", key),
        ]

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the next move of a shortest way to the key or, with it, into the right door.

        Args:
            observation: Observation of one row, [9].
            task: The task of the row.
        """
        place = 2 if observation[8] < 0.5 else int(task["door"])
        return _towards(observation[:2], observation[2 + 2 * place : 4 + 2 * place])


def _towards(position: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the first move of a shortest way into a circle, or to stay if in it; int64 [].

    The places that can be reached are a lattice around the point; of those in the circle the one
    with the fewest moves is wanted, and of equally near ones that nearest to the centre.
    """
    away = (np.asarray(centre, np.float64) - np.asarray(position, np.float64)) * SIDE
    moves = np.round(away / _MOVES.max()) + _AROUND  # of x and y, to places near the centre
    offsets = moves * _MOVES.max() - away
    distance = offsets[:, 0] ** 2 + offsets[:, 1] ** 2
    cost = np.abs(moves[:, 0]) + np.abs(moves[:, 1]) + distance / SIDE**2
    # what an observation, a float32, cannot tell from the rim counts as outside
    x, y = moves[np.where(distance < (RADIUS - _UNSURE) ** 2, cost, np.inf).argmin()]
    if abs(x) >= abs(y) and x:
        return np.array(1 if x > 0 else 2)
    return np.array((3 if y > 0 else 4) if y else 0)
