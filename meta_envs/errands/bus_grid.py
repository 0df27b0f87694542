"""A city whose buses go somewhere unknown: N rows, R some of them."""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from ..core.arguments import choice, whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.tasks import Task
from .base import MOVE_NAMES, MOVES, STEP_REWARD, Errand
from .pictures import Stop, draw_city

if TYPE_CHECKING:
    from typing_extensions import Unpack

_GOAL_REWARD = 1.0
_RIDE = len(MOVES)
_LEAST_SIZE = 5  # of an odd side: below, stops would lie on one another
_MOST_BUSES = 4
_GREY = 4  # buses that lead to no corner
_TRAIN_EVERY = 11  # of the distracting problems
_CELL_BYTES = 64  # in the row's table of rides, in observations and in their tables
_BESIDE = ((0, 1), (1, 0), (-1, 0), (0, -1))  # coloured stops, from the centre
_ACROSS = ((1, 1), (-1, -1), (-1, 1), (1, -1))  # grey stops, from the centre


class BusGrid(Errand):
    """A city in which buses lead near the corners, but not even their colour tells to which.

    Tasks:
        `"problem"`: where the buses go, uniform. Buses stand on the four cells beside the centre;
        their other stops lie beside the four corners, in the order of permutation
        `problem % 24`: 24 problems. In `"distracting"` four grey buses stand diagonally to the
        centre and go to the middles of the four sides, in the order of permutation
        `problem // 24`: 576 problems. `"instruction"`: the corner to go to, 1 to 4 (x, y) = (0, 0),
        (0, 8), (8, 0), (8, 8), new and uniform in each episode, or 0, none, while exploring.
    Observation:
        One-hot x and y of the agent, whether it is at a stop, and the one-hot instruction (nothing
        while exploring): `Box(0, 1, (23,), float32)`. In `"map"` cell (7, 3) also shows the
        problem, one-hot, 24 numbers more.
    Action:
        `Discrete(6)`: 0 left, 1 up (y + 1), 2 right, 3 down, 4 stay, 5 ride the bus of this stop to
        its other one; rides go both ways. A move against the border, and a ride where no bus
        stops, have no effect.
    Reward:
        0 while exploring. Then 1 for the step that reaches the corner, -0.1 for each other one.
        `infos["success"]` says whether the step reached it.
    Episode:
        Begins at the centre. Terminates at the corner of the instruction, or after `steps` steps.
        Two episodes a trial: one explores, one carries out. Best returns of the second, at 9 by 9:
        .8 where the problem is known, .3 by walking; without exploring, riding is worth no more
        than walking with four buses, and .4 with three.
    Splits:
        `all` where there are few problems, on which the source trains and tests. `"distracting"`:
        every 11th is `train` (53), the other 523 are `test`, as in the source; `all` is both.
    Source:
        Liu et al. 2021 (DREAM), section 6.1 and the code published with it. There the
        observation is the numbers x, y and kind of cell, and actions also end the episode
        (at the price of all steps left), pick up and drop, which help nothing here.
    Versions:
        v0.

    Args:
        variant: `"vanilla"`, `"distracting"` or `"map"`.
        size: Cells along a side, odd and at least 5. A ride is worth less in smaller cities.
        buses: Coloured buses, 2 to 4, with as many corners and stops beside them.
        steps: Steps of an episode.
        exploration_episodes: Episodes at a trial's start without an instruction.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        MemoryError: If there is not enough memory for so many cells.
        ValueError: If an argument is out of range or unknown.
    """

    def __init__(
        self,
        variant: str = "vanilla",
        size: int = 9,
        buses: int = 4,
        steps: int = 20,
        exploration_episodes: int = 1,
        **core: Unpack[CoreArguments],
    ):
        self.variant = choice("variant", variant, ("vanilla", "distracting", "map"))
        if whole("size", size, _LEAST_SIZE) % 2 == 0:
            raise ValueError(f"size={size} has no cell in its middle; give an odd number, of 5 up")
        self.buses = whole("buses", buses, 2, _MOST_BUSES)
        refuse_size("size", size, lambda side: side**2 * _CELL_BYTES)
        distracting, self.shows_map = variant == "distracting", variant == "map"
        self.splits = ("train", "test", "all") if distracting else ("all",)
        last, middle = size - 1, size // 2
        self.corners = np.array([(0, 0), (0, last), (last, 0), (last, last)])[:buses]
        self.ends = np.array([(0, 1), (0, last - 1), (last, 1), (last, last - 1)])[:buses]
        self.starts = middle + np.array(_BESIDE)[:buses]
        self.map_place = np.array((last - 1, middle - 1))
        self._orders = np.array(list(permutations(range(buses))))
        problems = factorial(buses)
        if distracting:
            problems *= factorial(_GREY)
            self.starts = np.concatenate([self.starts, middle + np.array(_ACROSS)])
            sides = [(0, middle), (middle, 0), (last, middle), (middle, last)]
            self.ends = np.concatenate([self.ends, np.array(sides)])
            self._grey_orders = np.array(list(permutations(range(_GREY))))
        self.row_bytes = size**2 * 8
        super().__init__(
            size=size,
            problems=problems,
            instructions=buses,
            features=1 + (problems if self.shows_map else 0),
            action_names=(*MOVE_NAMES, "ride"),
            steps=steps,
            exploration_episodes=exploration_episodes,
            **core,
        )
        leads = self.destinations(np.arange(problems))
        self.problem_parts = {"problem": leads - leads.min(axis=0)}
        self._problem_bits = np.eye(problems if self.shows_map else 0, dtype=np.float32)
        self._is_stop = np.zeros(size**2, dtype=bool)
        self._is_stop[self._cells(np.concatenate([self.starts, self.ends]))] = True
        self._rides = np.tile(np.arange(size**2), (self.num_envs, 1))  # where a ride leads, [N, HW]

    def destinations(self, problems: np.ndarray) -> np.ndarray:
        """Return which of `self.ends` each bus leads to in `problems` [R]: int [R, buses]."""
        count = len(self._orders)
        coloured = self._orders[problems % count]
        if self.variant != "distracting":
            return coloured
        return np.concatenate([coloured, self.buses + self._grey_orders[problems // count]], axis=1)

    def in_split(self, task: Task) -> bool:
        """Tell whether the problem belongs to the split."""
        return (int(task["problem"]) % _TRAIN_EVERY == 0) == (self.split == "train")

    def instructions_of(self, problem: int) -> np.ndarray:
        """Return the corners: every problem has all of them."""
        return np.arange(1, 1 + self.buses)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Lay out where the buses of `rows` go."""
        self._rides[rows] = np.arange(self.size**2)
        here = self._cells(self.starts)[None]
        there = self._cells(self.ends)[self.destinations(self.tasks["problem"][rows])]
        self._rides[rows[:, None], here] = there
        self._rides[rows[:, None], there] = here

    def begin_world(self, rows: np.ndarray) -> None:
        """Put `rows` into the centre."""
        self.state["position"][rows] = self.size // 2

    def step_world(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Move or ride, and pay at the corner of the instruction."""
        position, rides = self.state["position"], actions == _RIDE
        aim = position + MOVES[np.where(rides, _RIDE - 1, actions)]
        ridden = self._rides[self.every_row, self._cells(position)]
        aim = np.where(rides[:, None], np.stack(np.divmod(ridden, self.size), axis=1), aim)
        self.state["position"] = position = np.clip(aim, 0, self.size - 1)
        corner = self.corners[self.tasks["instruction"] - 1]
        reached = (position == corner).all(axis=1)
        return np.where(reached, _GOAL_REWARD, STEP_REWARD), reached

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Return whether `rows` are at a stop and, with a map, the problem it shows."""
        position = self.state["position"][rows]
        parts = [self._is_stop[self._cells(position)][:, None].astype(np.float32)]
        if self.shows_map:
            there = (position == self.map_place).all(axis=1)
            parts.append(self._problem_bits[self.tasks["problem"][rows]] * there[:, None])
        return np.concatenate(parts, axis=1)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the city, its hidden lines, and where this episode has been."""
        order = self.destinations(self.tasks["problem"][row : row + 1])[0]
        lines = [
            Stop(tuple(start), tuple(self.ends[end].tolist()), bus if bus < self.buses else None)
            for bus, (start, end) in enumerate(zip(self.starts.tolist(), order, strict=True))
        ]
        told = int(self.tasks["instruction"][row])
        goal = tuple(self.corners[told - 1].tolist()) if told else None
        return draw_city(
            self.size,
            lines,
            self.heading(row, f"go to corner {goal}"),
            way=self._trails.of(row).way,
            goal=goal,
            shown=tuple(self.map_place.tolist()) if self.shows_map else None,
        )

    def _cells(self, places: np.ndarray) -> np.ndarray:
        """Return the numbers of cells given by x and y, [...] of [..., 2]."""
        return places[..., 0] * self.size + places[..., 1]
