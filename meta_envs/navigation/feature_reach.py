"""Targets with colours, one of which is meant. N rows, R some of them, n targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, whole
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.splits import interleave
from ..core.tasks import Task, Tasks
from .base import PointEnv, norms
from .pictures import Scene

if TYPE_CHECKING:
    from typing_extensions import Unpack

_STEP = 0.1  # along each axis, for an action of 1
_SIDE = 1.0  # targets are in the square from minus to plus this
_REACHED = 0.05  # from the target
_LAST = 10  # of an episode, in which the target is to be reached
_CELLS = 8  # of the first number of a colour; every other one is held out
_COLOUR = 3  # numbers
_SEEN = 2 + _COLOUR  # numbers of a target in an observation
_MOST_TARGETS = 100


class FeatureReach(PointEnv):
    """A point, targets of different colours in new places each time, and one colour to go to.

    Nothing in an episode tells which colour is meant but its reward: a demonstration does.

    Tasks:
        `"colours"` [n, 3], uniform on [0, 1); `"target"`: which of them is meant.
    Observation:
        x and y of the point, and of each target, in an order drawn for each episode, x and y
        relative to the point and its colour: `Box(-inf, inf, (2 + 5 n,), float32)`. The first
        observation shows the colours, not which is meant.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the point moves by 0.1 times it.
    Reward:
        Minus the distance from the target that is meant, after the move; `infos["distance"]` is
        that distance. `infos["success"]` says whether, in one of the last ten steps, it is at most
        0.05.
    Episode:
        Begins at (0, 0), with targets drawn uniformly from [-1, 1]^2. Terminates after `steps`
        steps. Three episodes a trial. Who knows the colour always succeeds; who goes to any target
        does in one of n episodes.
    Splits:
        Colours are held out: the first number of each colour is in an even (`train`) or odd
        (`test`) one of 8 cells of equal width, for all colours of a task.
    Source:
        The reaching tasks of Finn, Yu et al. 2017 (MIL), section 6.1 and the code published with
        it: there an arm of two links among coloured discs, seen by a camera; 50 steps, and 0.05
        within the last ten, are its numbers. The point, the features and the splits are ours.
    Versions:
        v0.

    Args:
        targets: n, at least 2.
        steps: Steps per episode, at least 10.
        shuffled: Whether the order is drawn; else targets stand in the order of their colours'
            first numbers, so that a colour keeps its place in the observation.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")
    start_shows = ("colours",)
    goal_radius = _REACHED

    def __init__(
        self,
        targets: int = 2,
        steps: int = 50,
        shuffled: bool = True,
        **core: Unpack[CoreArguments],
    ):
        self.targets = whole("targets", targets, 2, _MOST_TARGETS)
        self.steps = whole("steps", steps, _LAST)
        self.shuffled = flag("shuffled", shuffled)
        colours = spaces.Box(0.0, 1.0, (self.targets, _COLOUR), np.float64)
        super().__init__(
            task_space=spaces.Dict({"colours": colours, "target": spaces.Discrete(self.targets)}),
            step_size=_STEP,
            extent=1.1 * _SIDE,
            n_observed=2 + _SEEN * self.targets,
            **core,
        )
        self.state["places"] = np.zeros((self.num_envs, self.targets, 2))
        self.state["order"] = np.zeros((self.num_envs, self.targets), dtype=np.int64)  # as shown

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw colours of one side, and which is meant."""
        colours = [rng.random(_COLOUR)]
        while len(colours) < self.targets:
            colour = rng.random(_COLOUR)
            if _side(colour) == _side(colours[0]):
                colours.append(colour)
        return {"colours": np.stack(colours), "target": rng.integers(self.targets)}

    def in_split(self, task: Task) -> bool:
        """Tell whether all colours belong to the split."""
        return all(_side(colour) == self.split for colour in task["colours"])

    def check_task(self, task: Task) -> None:
        """Refuse colours that cannot be told apart.

        Raises:
            ValueError: If two are equal.
        """
        if len(np.unique(task["colours"], axis=0)) < self.targets:
            raise ValueError("task['colours'] has a colour twice; every target needs its own")

    def goals_of(self, tasks: Tasks) -> np.ndarray:
        """Return where the targets of all rows are that are meant, [N, 2]."""
        return self.state["places"][self.every_row, self.tasks["target"]]

    # ---- episodes -------------------------------------------------------------------------------

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse targets that do not exist."""
        super().check_state(state)
        refuse_outside("state.order", state["state.order"], 0, self.targets - 1)

    def more_state(self) -> dict[str, np.ndarray]:
        """Return where the meant targets are."""
        return {"goals": self.goals.copy()}

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Restore them."""
        self.goals = state["goals"].copy()

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, where the last trial went."""
        self._trails.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put targets in new places, in a new order, and `rows` on their starts."""
        drawn = self.random.uniform(rows, 3 * self.targets)
        places = (2.0 * drawn[:, : 2 * self.targets] - 1.0) * _SIDE
        self.state["places"][rows] = places.reshape(-1, self.targets, 2)
        order = drawn[:, 2 * self.targets :]
        if not self.shuffled:
            order = self.tasks["colours"][rows, :, 0]
        self.state["order"][rows] = order.argsort(axis=1)
        self.goals[rows] = self.state["places"][rows, self.tasks["target"][rows]]
        return super().begin_episodes(rows)

    def observe(self, rows: np.ndarray) -> np.ndarray:
        """Return the point, and places and colours of its targets, float32 [R, 2 + 5 n]."""
        position, order = self.state["position"][rows], self.state["order"][rows]
        here = np.arange(len(rows))[:, None]
        places = self.state["places"][rows][here, order] - position[:, None]
        colours = self.tasks["colours"][rows][here, order]
        targets = np.concatenate([places, colours], axis=2).reshape(len(rows), -1)
        return np.concatenate([position, targets], axis=1).astype(np.float32)

    def arrived(self, infos: dict[str, np.ndarray]) -> np.ndarray:
        """Tell which episodes are over, [N]."""
        return self.elapsed >= self.steps

    def more_infos(self, after: np.ndarray, distance: np.ndarray) -> dict[str, np.ndarray]:
        """Return `success` [N]."""
        late = self.elapsed > self.steps - _LAST
        return {"success": late & (norms(after - self.goals) <= _REACHED)}

    def scene(self, row: int) -> Scene:
        """Return the targets; the one that is meant is the goal."""
        places = [tuple(place) for place in self.state["places"][row].tolist()]
        others = tuple(p for k, p in enumerate(places) if k != int(self.tasks["target"][row]))
        return Scene(self.goals[row], self.extent, self.goal_radius, others)

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the action that goes straight to the target whose colour is meant.

        Args:
            observation: Observation of one row, [2 + 5 n].
            task: The task of the row.

        Returns:
            float32 [2].
        """
        shown = np.asarray(observation, np.float64)[2:].reshape(self.targets, _SEEN)
        away = shown[:, 2:] - task["colours"][int(task["target"])]
        meant = np.abs(away).sum(axis=1).argmin()
        return np.clip(shown[meant, :2] / _STEP, -1.0, 1.0).astype(np.float32)


def _side(colour: np.ndarray) -> str:
    """Return the split that a colour belongs to."""
    return interleave(min(float(colour[0]), np.nextafter(1.0, 0.0)), 0.0, 1.0, _CELLS)
