"""Trials that begin with exploring and go on with instructions: N rows, R some of them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive, whole
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from ..pictures.trails import Trails

if TYPE_CHECKING:
    from typing_extensions import Unpack

MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1), (0, 0)])  # x, y: left, up, right, down, stay
MOVE_NAMES = ("left", "up", "right", "down", "stay")
STEP_REWARD = -0.1  # for each step of an execution episode that completes nothing


class Errand(MetaVectorEnv):
    """A square world with a hidden problem, explored without reward before instructions come.

    A family writes `instructions_of`, `begin_world` and `step_world`.

    Args:
        size: Cells along a side.
        problems: How many problems there are.
        instructions: How many instructions there are.
        features: Numbers of an observation besides x, y (one-hot each) and the instruction.
        action_names: Names of the actions, the five moves first.
        steps: Steps of an episode.
        exploration_episodes: Episodes at a trial's start without an instruction.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range.
    """

    start_shows: tuple[str, ...] = ("instruction",)

    def __init__(
        self,
        *,
        size: int,
        problems: int,
        instructions: int,
        features: int,
        action_names: tuple[str, ...],
        steps: int,
        exploration_episodes: int,
        **core: Unpack[CoreArguments],
    ):
        self.size, self.problems, self.instructions = size, problems, instructions
        self.steps = positive("steps", steps)
        self.exploration_episodes = whole("exploration_episodes", exploration_episodes, 0)
        self.action_names = action_names
        seen = 2 * size + features + instructions
        super().__init__(
            task_space=spaces.Dict(
                {
                    "problem": spaces.Discrete(problems),
                    "instruction": spaces.Discrete(1 + instructions),
                }
            ),
            observation_space=spaces.Box(0.0, 1.0, (seen,), np.float32),
            action_space=spaces.Discrete(len(action_names)),
            **core,
        )
        self._place_bits = np.eye(size, dtype=np.float32)
        self._instruction_bits = np.eye(1 + instructions, dtype=np.float32)[:, 1:]
        self.state = {"position": np.zeros((self.num_envs, 2), dtype=np.int64)}
        self._trails = Trails(self.num_envs)  # for pictures

    # ---- what a family writes -------------------------------------------------------------------

    @abstractmethod
    def instructions_of(self, problem: int) -> np.ndarray:
        """Return the instructions that a problem may come with, each as often as it is drawn."""

    @abstractmethod
    def begin_world(self, rows: np.ndarray) -> None:
        """Put everything of `rows` where an episode begins."""

    @abstractmethod
    def step_world(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Step every row, and return rewards [N] and which instructions are carried out, [N].

        Both count where there is an instruction only.
        """

    @abstractmethod
    def features(self, rows: np.ndarray) -> np.ndarray:
        """Return what `rows` [R] see besides place and instruction, [R, features]."""

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a problem; its first instruction is none where a trial begins with exploring."""
        problem = int(rng.integers(self.problems))
        told = 0 if self.exploration_episodes else self._drawn_instruction(problem, rng)
        return {"problem": problem, "instruction": told}

    def next_task(self, task: Task, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the next episode's instruction, once exploring is over."""
        exploring = episode < self.exploration_episodes
        told = 0 if exploring else self._drawn_instruction(int(task["problem"]), rng)
        return {**task, "instruction": told}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every problem, with each instruction that a trial can begin with."""
        return tuple(
            {"problem": problem, "instruction": told}
            for problem in range(self.problems)
            for told in ([0] if self.exploration_episodes else self._distinct(problem))
        )

    def check_task(self, task: Task) -> None:
        """Refuse an instruction that the problem cannot come with.

        Raises:
            ValueError: Naming the instructions it can come with.
        """
        told, allowed = int(task["instruction"]), self._distinct(int(task["problem"]))
        if told and told not in allowed:
            raise ValueError(
                f"task['instruction']={told} cannot be carried out in problem "
                f"{int(task['problem'])}; allowed are 0 (none) and {allowed}"
            )

    def _drawn_instruction(self, problem: int, rng: np.random.Generator) -> int:
        allowed = self.instructions_of(problem)
        return int(allowed[rng.integers(len(allowed))])

    def _distinct(self, problem: int) -> list[int]:
        return np.unique(self.instructions_of(problem)).tolist()

    # ---- episodes -------------------------------------------------------------------------------

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the world."""
        super().check_state(state)
        refuse_outside("state.position", state["state.position"], 0, self.size - 1)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` where they begin."""
        self.begin_world(rows)
        if self.render_mode is not None:
            first = rows[self._clock.episode[rows] == 1]
            self._trails.begin_trials(first)
            self._trails.begin_episodes(rows, self.state["position"][rows])
        return self.seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row; without an instruction nothing pays and nothing is carried out."""
        told = self.tasks["instruction"] > 0
        rewards, done = self.step_world(actions)
        rewards, done = np.where(told, rewards, 0.0), done & told
        if self.render_mode is not None:
            self._trails.step(self.state["position"], rewards)
        ended = done | (self.elapsed >= self.steps)
        return self.seen(self.every_row), rewards, ended, {"success": done}

    def seen(self, rows: np.ndarray) -> np.ndarray:
        """Return the observations of `rows`, [R, 2 * size + features + instructions]."""
        position = self.state["position"][rows]
        parts = [
            self._place_bits[position[:, 0]],
            self._place_bits[position[:, 1]],
            self.features(rows),
            self._instruction_bits[self.tasks["instruction"][rows]],
        ]
        return np.concatenate(parts, axis=1)

    def heading(self, row: int, words: str) -> tuple[str, str, float]:
        """Return the lines above a row's picture, and the return of its episode.

        Args:
            row: The row.
            words: The instruction in words.
        """
        number = int(self._clock.episode[row])
        told = words if self.tasks["instruction"][row] else "exploring: nothing pays"
        where = f"episode {number} of {self.episodes_per_trial}  \N{MIDDLE DOT}  "
        where += f"step {int(self.elapsed[row])} of {self.steps}"
        return told, where, self._trails.of(row).total
