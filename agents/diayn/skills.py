"""Playing skills: one a trial, drawn or chosen. R rows, n skills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meta_envs.core.rng import RowRandom

from ..core.base.venv import check_spaces
from ..core.play.inner_loop import InnerLoop, Rows
from ..core.play.step import Step
from .policies import DiaynPolicy

Fields = dict[str, np.ndarray]  # of transitions, [n, ...]
_ACTING = 100  # the stream of a row's seed for drawing skills and actions; environments use 0-2


class SkillLoop(InnerLoop):
    """Plays one skill in each trial; nothing is learnt within trials.

    Args:
        policy: The trained policy; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: As in `InnerLoop`; each row has its own skill.
        seed: As in `InnerLoop`.
        skill: The skill of every row; None draws one per row and trial.
    """

    def __init__(
        self,
        policy: DiaynPolicy,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        skill: int | None = None,
    ):
        super().__init__(venv, rows_per_task, seed)
        self.policy, self.skill = policy, skill
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTING)
        self.skills = np.zeros(self.num_rows, dtype=np.int64)
        self._flat: np.ndarray | None = None
        self.reset()

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`, with a skill for each."""
        where = self.rows(rows)
        drawn = self.random.uniform(where)[:, 0] * self.policy.n_skills
        self.skills[where] = drawn.astype(np.int64) if self.skill is None else self.skill

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions of the rows' skills."""
        where, kind = self.rows(rows), self.policy.kind
        draw = self.random.normal if kind.noise_kind == "normal" else self.random.uniform
        noise = None if deterministic else draw(where, kind.noise_size)
        actions, self._flat = self.policy.act(observation, self.skills[where], noise)
        return actions


class RecordingLoop(SkillLoop):
    """Keeps what it observes, for the replay buffer."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._steps: list[Fields] = []

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep the step."""
        assert self._flat is not None
        # copies: the environment may reuse its arrays
        self._steps.append(
            {
                "inputs": self.policy.inputs(step.observation).numpy(),
                "actions": self._flat,
                "skills": self.skills[self.rows(rows)].astype(np.float32),
                "terminated": np.array(step.terminated, dtype=np.float32),
                "next_inputs": self.policy.inputs(step.next_observation).numpy(),
            }
        )

    def take(self) -> Fields:
        """Return what was kept since the last call, [n, ...]."""
        names = self._steps[0]
        whole = {name: np.concatenate([step[name] for step in self._steps]) for name in names}
        self._steps = []
        return whole


@dataclass(frozen=True)
class Skill:
    """One skill of an agent, for `evaluate`, for films, or as an option of another controller.

    Args:
        agent: The `DIAYN` agent.
        number: Which of its skills, from 0.
    """

    agent: Any
    number: int

    def __post_init__(self) -> None:
        """Check the number."""
        if not 0 <= self.number < self.agent.n_skills:
            raise ValueError(f"skill {self.number}: the agent has {self.agent.n_skills}, from 0")

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> SkillLoop:
        """Return a loop that plays this skill.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: As in `InnerLoop`.
            seed: As in `InnerLoop`.
        """
        check_spaces(venv, self.agent.observation_space, self.agent.action_space)
        return SkillLoop(self.agent.policy, venv, rows_per_task, seed, self.number)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Act as `DIAYN.predict` does, with this skill."""
        shape = self.agent.observation_space.shape or ()
        rows = 1 if np.shape(observation) == shape else len(observation)
        skills = np.full(rows, self.number)
        return self.agent.predict(observation, (skills,), episode_start, deterministic)
