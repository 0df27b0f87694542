"""The T-maze: a sign to be remembered along a corridor. N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, positive
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .room_pictures import draw_fork

if TYPE_CHECKING:
    from typing_extensions import Unpack

_UP, _RIGHT, _DOWN, _LEFT = range(4)
_CORRIDOR, _JUNCTION, _SIGN = 0, 1, 2  # observations; 2 is a sign up, 3 a sign down
_RIGHT_TURN, _WRONG_TURN, _STILL = 4.0, -0.1, -0.1  # rewards


class TMaze(MetaVectorEnv):
    """A corridor with a sign at one end, which says where to turn at the other.

    Tasks:
        `"turn"`: where the reward is, 0 up or 1 down, with probability 1/2 each.
    Observation:
        `Discrete(4)`: 0 corridor, 1 junction, 2 a sign that points up, 3 one that points down. The
        sign is seen from its own cell only, which is where episodes begin: the first observation
        shows the task. With `active` they begin one cell further, and the sign must be visited.
    Action:
        `Discrete(4)`: 0 up, 1 right, 2 down, 3 left.
    Reward:
        4 for the right turn at the junction, -0.1 for the wrong one, -0.1 for each step that
        does not move, else 0. `infos["success"]` says whether the turn was right.
    Episode:
        Terminates with the turn; truncated at the id's 100 steps. One episode a trial. The best
        return is 4, after `length` + 1 steps (with `active`, after two more when it goes straight
        back to the sign); who does not remember the sign can expect 1.95.
    Splits:
        `all`: there are two tasks.
    Source:
        Bakker 2002, section 4, whose rewards these are; the active form is that of Ni et al. 2023,
        with the sign one cell behind the start. Bakker's observations are three bits, and
        its episodes begin with the sign alone.
    Versions:
        v0.

    Args:
        length: Cells from the sign to the junction, at least 2.
        active: Whether episodes begin beside the sign instead of at it.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    start_shows: tuple[str, ...] = ("turn",)
    action_names = ("up", "right", "down", "left")

    def __init__(self, length: int = 10, active: bool = False, **core: Unpack[CoreArguments]):
        self.length, self.active = positive("length", length), flag("active", active)
        if self.length < 2:
            raise ValueError(f"length={length} leaves no corridor; it must be at least 2")
        if self.active:
            self.start_shows = ()
        super().__init__(
            task_space=spaces.Dict({"turn": spaces.Discrete(2)}),
            observation_space=spaces.Discrete(4),
            action_space=spaces.Discrete(4),
            **core,
        )
        self.state = {
            "place": np.zeros(self.num_envs, dtype=np.int64),  # 0 at the sign, `length` at the fork
            "arm": np.zeros(self.num_envs, dtype=np.int64),  # 1 turned up, -1 down
        }
        self._totals = np.zeros(self.num_envs)  # for pictures

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw where the reward is."""
        return {"turn": rng.integers(2)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({"turn": 0}, {"turn": 1})

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the corridor."""
        super().check_state(state)
        refuse_outside("state.place", state["state.place"], 0, self.length)
        refuse_outside("state.arm", state["state.arm"], -1, 1)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` at the sign, or beside it."""
        self.state["place"][rows] = int(self.active)
        self.state["arm"][rows] = 0
        self._totals[rows] = 0.0
        return self._seen()[rows]

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row."""
        place = self.state["place"]
        up_or_down = (actions == _UP) | (actions == _DOWN)
        turned = up_or_down & (place == self.length)
        aim = np.clip(place + (actions == _RIGHT) - (actions == _LEFT), 0, self.length)
        still = ~turned & (aim == place)
        success = turned & ((actions == _DOWN) == (self.tasks["turn"] == 1))
        rewards = np.where(turned, np.where(success, _RIGHT_TURN, _WRONG_TURN), still * _STILL)
        self.state["place"] = aim
        self.state["arm"] = np.where(turned, np.where(actions == _UP, 1, -1), 0)
        self._totals += rewards
        return self._seen(), rewards, turned, {"success": success}

    def expert(self, observation: Any, task: Task) -> np.ndarray:
        """Return the action that goes to the junction and turns to the reward; int64 [].

        It passes the sign by, and so earns 4 with `active` too.

        Args:
            observation: What is seen.
            task: The task of the row.
        """
        if int(observation) != _JUNCTION:
            return np.array(_RIGHT)
        return np.array(_DOWN if int(task["turn"]) else _UP)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the maze, its sign and the agent."""
        return draw_fork(
            length=self.length,
            place=int(self.state["place"][row]),
            arm=int(self.state["arm"][row]),
            sign=-1 if self.tasks["turn"][row] else 1,
            seen=self.state["place"][row] == 0,
            total=float(self._totals[row]),
            step=int(self.elapsed[row]),
        )

    def _seen(self) -> np.ndarray:
        place = self.state["place"]
        at_fork = np.where(place == self.length, _JUNCTION, _CORRIDOR)
        return np.where(place == 0, _SIGN + self.tasks["turn"], at_fork)
