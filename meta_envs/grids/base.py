"""What grids of objects have in common: N rows, R of them, H x W cells, O objects."""

from __future__ import annotations

import zlib
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse, refuse_outside
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .drawing import draw_level
from .levels import Level, Sampled, find
from .pictures import draw_grid

if TYPE_CHECKING:
    from typing_extensions import Unpack

_NAMES = ("stay", "up", "down", "left", "right", "up left", "up right", "down left", "down right")
_MOVES = np.array(
    [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]
)  # rows and columns
_ACTIONS = {4: (1, 2, 3, 4), 5: (0, 1, 2, 3, 4), 9: tuple(range(9))}  # by number of moves
_CELL_BYTES = 400  # in task, pin, bounds of the task space, walls, moves, and observations


class Grid(MetaVectorEnv):
    """A grid in which an agent collects objects by walking over them.

    `TabularGrid` and `RandomGrid` say what is seen and where objects are.
    """

    splits = ("train", "test", "all")
    levels: ClassVar[Mapping[str, Level]]
    fixed: ClassVar[bool]  # objects stay in the task's places

    def __init__(
        self,
        level: str,
        size: Any,
        objects: Any,
        steps: int | None,
        moves: int,
        **core: Unpack[CoreArguments],
    ):
        self.level: Level | Sampled = find(self.levels, level, size, objects, steps)
        self.name = level
        if type(moves) is not int or moves not in _ACTIONS:
            raise ValueError(
                f"moves={moves!r} is unknown; allowed are {', '.join(map(str, _ACTIONS))}"
            )
        self.moves = int(moves)
        height, width = self.shape = self.level.size
        self.cells = height * width
        refuse_size("size", max(self.shape), lambda side: side**2 * _CELL_BYTES)
        if isinstance(self.level, Level):
            self.kinds, task_space = [kind for kind, _ in self.level.objects], self._known_space
        else:
            self.kinds, task_space = list(range(self.level.objects[1])), self._drawn_space
        self.objects = len(self.kinds)  # O, the most that a level has
        self.action_names = tuple(_NAMES[move] for move in _ACTIONS[self.moves])
        self.row_bytes = 10 * self.cells + 40 * self.objects
        super().__init__(
            task_space=spaces.Dict(task_space()),
            observation_space=self._observation_space(),
            action_space=spaces.Discrete(self.moves),
            **core,
        )
        self._ahead = self._next_cells()
        self._walls = np.zeros((self.num_envs, self.cells), dtype=bool)
        self._present = np.ones((self.num_envs, self.objects), dtype=bool)
        self._totals = np.zeros(self.num_envs)  # for pictures
        self.state = {
            "cell": np.zeros(self.num_envs, dtype=np.int64),
            "exists": np.ones((self.num_envs, self.objects), dtype=bool),
            "places": np.zeros((self.num_envs, self.objects), dtype=np.int64),
        }

    # ---- what the two families write ------------------------------------------------------------

    @abstractmethod
    def _observation_space(self) -> spaces.Space:
        """Return the space of one row's observations."""

    @abstractmethod
    def _seen(self, rows: np.ndarray) -> np.ndarray:
        """Return what `rows` [R] see."""

    @abstractmethod
    def _put_objects(self, rows: np.ndarray, which: np.ndarray) -> None:
        """Give places to the objects `which`, bool [R, O], of `rows` [R]."""

    # ---- tasks ----------------------------------------------------------------------------------

    def _known_space(self) -> dict[str, spaces.Space]:
        """Return the task space of a named level, in which only places vary."""
        level = self.level
        assert isinstance(level, Level)
        walls = np.zeros(self.shape, dtype=np.int64)
        for cell in level.walls:
            walls[cell] = 1
        kinds = [kind for _, kind in level.objects]

        def constant(name: str) -> spaces.Box:
            values = np.array([getattr(kind, name) for kind in kinds], dtype=np.float64)
            return spaces.Box(values, values, dtype=np.float64)

        return self._with_places(
            {
                "walls": spaces.MultiDiscrete(np.ones(self.shape, dtype=np.int64), start=walls),
                "count": spaces.Discrete(1, start=self.objects),
                **{name: constant(name) for name in ("reward", "p_end", "p_back")},
                "steps": spaces.Discrete(1, start=level.steps),
            }
        )

    def _drawn_space(self) -> dict[str, spaces.Space]:
        """Return the task space of levels that are drawn whole."""
        level = self.level
        assert not isinstance(level, Level)

        def between(name: str) -> spaces.Box:
            low, high = getattr(level, name)
            return spaces.Box(low, high, (self.objects,), np.float64)

        first, most = level.objects
        shortest, longest = level.steps
        return self._with_places(
            {
                "walls": spaces.MultiDiscrete(np.full(self.shape, 2)),
                "count": spaces.Discrete(most - first + 1, start=first),
                **{name: between(name) for name in ("reward", "p_end", "p_back")},
                "steps": spaces.Discrete(longest - shortest + 1, start=shortest),
            }
        )

    def _with_places(self, parts: dict[str, spaces.Space]) -> dict[str, spaces.Space]:
        places = {"places": spaces.MultiDiscrete([self.cells] * self.objects)} if self.fixed else {}
        return {**parts, "start": spaces.Discrete(self.cells), **places}

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a level: its numbers if they are not known, then start and places."""
        if isinstance(self.level, Level):
            space = self.distribution.space
            constant: dict[str, Any] = {
                key: part for key, part in space.items() if key not in ("start", "places")
            }
            task = {
                key: part.low.copy() if isinstance(part, spaces.Box) else np.array(part.start)
                for key, part in constant.items()
            }
        else:
            task = draw_level(self.level, rng)
        free = rng.permutation(np.flatnonzero(task["walls"].ravel() == 0))
        task["start"] = free[0]
        if self.fixed:
            task["places"] = free[1 : 1 + self.objects]
        return task

    def in_split(self, task: Task) -> bool:
        """Tell whether the level belongs to the split."""
        whole = b"".join(np.ascontiguousarray(task[key]).tobytes() for key in sorted(task))
        return (zlib.crc32(whole) % 2 == 1) == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse levels in which something stands in a wall or in the same cell as another.

        Raises:
            ValueError: If start or an object is in a wall, two share a cell, or cells are too few.
        """
        walls = task["walls"].ravel()
        taken = {"start": int(task["start"])}
        if self.fixed:
            places = task["places"][: int(task["count"])].tolist()
            taken |= {f"places[{index}]": cell for index, cell in enumerate(places)}
        elif (walls == 0).sum() <= int(task["count"]):
            raise ValueError(f"task['walls'] leaves too few cells for {int(task['count'])} objects")
        for name, cell in taken.items():
            if walls[cell]:
                raise ValueError(f"task {name}={cell} is a wall; give a free cell")
            other = next((one for one, at in taken.items() if at == cell), name)
            if other != name:
                raise ValueError(f"task {name}={cell} is that of {other}; give another cell")

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Lay out the levels of `rows` as flat arrays."""
        self._walls[rows] = self.tasks["walls"][rows].reshape(len(rows), -1) == 1
        self._present[rows] = np.arange(self.objects) < self.tasks["count"][rows][:, None]

    # ---- episodes -------------------------------------------------------------------------------

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` on their start, and every object on the grid."""
        self.state["cell"][rows] = self.tasks["start"][rows]
        self.state["exists"][rows] = False
        self._put_objects(rows, self._present[rows])
        self.state["exists"][rows] = self._present[rows]
        self._totals[rows] = 0.0
        return self._seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row, collect, end, and let objects come back."""
        cell, exists = self.state["cell"], self.state["exists"]
        ahead = self._ahead[cell, actions]
        cell = np.where(self._walls[self.every_row, ahead], cell, ahead)
        collected = exists & (self.state["places"] == cell[:, None])
        rewards = (self.tasks["reward"] * collected).sum(axis=1)
        p_end = (self.tasks["p_end"] * collected).sum(axis=1)
        chance = self.random.uniform(size=1 + self.objects)
        ended = chance[:, 0] < p_end
        back = (chance[:, 1:] < self.tasks["p_back"]) & ~exists & self._present
        self.state = {**self.state, "cell": cell, "exists": exists & ~collected}
        if back.any():
            rows = np.flatnonzero(back.any(axis=1))
            self.state = {**self.state, "places": self.state["places"].copy()}
            self._put_objects(rows, back[rows])
            self.state["exists"] = self.state["exists"] | back
        self._totals += rewards
        terminated = ended | (self.elapsed >= self.tasks["steps"])
        return self._seen(self.every_row), rewards, terminated, {}

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse cells that do not exist or are walls."""
        super().check_state(state)
        cell, walls = state["state.cell"], state["clock.tasks.walls"].reshape(self.num_envs, -1)
        refuse_outside("state.cell", cell, 0, self.cells - 1)
        refuse("state.cell", cell, walls[self.every_row, cell] == 1, "a free cell")
        refuse_outside("state.places", state["state.places"], 0, self.cells - 1)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the level, its objects and the agent."""
        return draw_grid(
            type(self).__name__,
            self.name,
            walls=self.tasks["walls"][row],
            cell=int(self.state["cell"][row]),
            places=self.state["places"][row][self._present[row]],
            exists=self.state["exists"][row][self._present[row]],
            numbers=np.stack(
                [self.tasks[key][row][self._present[row]] for key in ("reward", "p_end", "p_back")]
            ),
            total=float(self._totals[row]),
            step=(int(self.elapsed[row]), int(self.tasks["steps"][row])),
        )

    def _next_cells(self) -> np.ndarray:
        """Return the cell that a move leads to, [H * W, A]; the border stops it."""
        height, width = self.shape
        place = np.stack(np.divmod(np.arange(self.cells), width), axis=-1)[:, None]
        ahead = place + _MOVES[list(_ACTIONS[self.moves])]
        inside = ((ahead >= 0) & (ahead < (height, width))).all(axis=-1)
        return np.where(inside, ahead @ (width, 1), place @ (width, 1))
