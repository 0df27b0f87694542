"""Trials whose first episodes explore, and whose others come with instructions: N rows."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive, whole
from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from ..pictures.trails import Trails

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Instructed(MetaVectorEnv):
    """A hidden problem, explored without an instruction before instructions come.

    Args:
        problems: How many problems there are.
        instructions: How many instructions there are.
        steps: Steps of an episode.
        exploration_episodes: Episodes at a trial's start without an instruction.
        observation_space: Space of one row.
        action_space: Space of one row.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range.
    """

    start_shows: tuple[str, ...] = ("instruction",)

    def __init__(
        self,
        *,
        problems: int,
        instructions: int,
        steps: int,
        exploration_episodes: int,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        **core: Unpack[CoreArguments],
    ):
        self.problems, self.instructions = problems, instructions
        self.steps = positive("steps", steps)
        self.exploration_episodes = whole("exploration_episodes", exploration_episodes, 0)
        super().__init__(
            task_space=spaces.Dict(
                {
                    "problem": spaces.Discrete(problems),
                    "instruction": spaces.Discrete(1 + instructions),
                }
            ),
            observation_space=observation_space,
            action_space=action_space,
            **core,
        )
        self._trails = Trails(self.num_envs)  # for pictures

    @abstractmethod
    def instructions_of(self, problem: int) -> np.ndarray:
        """Return the instructions that a problem may come with, each as often as it is drawn."""

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

    # ---- pictures -------------------------------------------------------------------------------

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
