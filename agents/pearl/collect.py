"""Collects PEARL's experience. N rows, M training tasks, n transitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.evaluation.play import Play
from ..core.play.inner_loop import Rows
from ..core.play.player import OnStep
from ..core.play.step import Step
from .inner_loop import PosteriorInnerLoop

Fields = dict[str, np.ndarray]  # of transitions, [n, ...]


@dataclass
class Collected:
    """The result of one collection, one row for each of `tasks`."""

    tasks: np.ndarray  # which training task, [N]
    returns: np.ndarray  # of the environment's own rewards, [N, episodes]
    lengths: np.ndarray  # [N, episodes]
    for_context: list[Fields] = field(default_factory=list)  # by row
    extra: list[Fields] = field(default_factory=list)  # by row; not for contexts


class Collections(list[Collected]):
    """The collections of one iteration, in the order they were played."""

    def figures(self) -> dict[str, float]:
        """Return mean returns by episode of the last one, after those that only fill the buffer."""
        returns = self[-1].returns.mean(axis=0).tolist()
        return {f"ep{episode}_rew_mean": value for episode, value in enumerate(returns, 1)}


class RecordingLoop(PosteriorInnerLoop):
    """Records what it observes, for the replay buffer.

    Args:
        *args: As in `PosteriorInnerLoop`.
        train_reward: Name of the info with the reward that actor and critics learn from, if it is
            not the environment's own; contexts hold the environment's own.
        **kwargs: As in `PosteriorInnerLoop`.
    """

    def __init__(self, *args: Any, train_reward: str | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.train_reward = train_reward
        self._steps: list[Fields] = []

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Learn as usual, and keep the step."""
        super().observe(step, rows)
        assert self._flat is not None
        # copies: the environment may reuse its arrays
        self._steps.append(
            {
                "row": self.rows(rows),
                "inputs": self.policy.inputs(step.observation).numpy(),
                "actions": self._flat,
                "rewards": self._rewards(step.reward, step.infos),
                "context_rewards": np.array(step.reward, dtype=np.float32),
                "terminated": np.array(step.terminated, dtype=np.float32),
                "next_inputs": self.policy.inputs(step.next_observation).numpy(),
            }
        )

    def take(self) -> list[Fields]:
        """Return what was kept since the last call, by row and in order."""
        whole = {
            name: np.concatenate([step[name] for step in self._steps]) for name in self._steps[0]
        }
        self._steps = []
        row = whole.pop("row")
        return [
            {name: part[row == one] for name, part in whole.items()} for one in range(self.num_rows)
        ]

    def _rewards(self, reward: np.ndarray, infos: dict[str, Any]) -> np.ndarray:
        if self.train_reward is None:
            return np.array(reward, dtype=np.float32)
        if self.train_reward not in infos:
            known = sorted(name for name in infos if "reward" in name)
            raise ValueError(f"train_reward={self.train_reward!r} is not in the infos: {known}")
        return np.array(infos[self.train_reward], dtype=np.float32)


class TaskCollector(Play):
    """Plays whole episodes in given tasks, one a row.

    Args:
        venv: Its rows are pinned while it collects.
        loop: The loop that acts and records.
        on_step: Called after every step; False stops.
    """

    def __init__(self, venv: Any, loop: RecordingLoop, on_step: OnStep):
        checked = () if loop.train_reward is None else (loop.train_reward,)
        super().__init__(venv, loop, 1, False, on_step, checked)

    def collect(
        self, members: _tasks.Tasks, chosen: np.ndarray, seed: int, episodes: int, extra: int
    ) -> Collected:
        """Play the episodes.

        Args:
            members: The training tasks, arrays [M, ...].
            chosen: Which of them each row plays, [N].
            seed: Seed of the episodes.
            episodes: Episodes of each row whose transitions also serve as contexts.
            extra: Further episodes, with the posterior of those before.

        Raises:
            StoppedError: If `on_step` returned False.
        """
        base = self.venv.unwrapped
        base.set_tasks({key: part[chosen] for key, part in members.items()})
        try:
            played = self.episodes(fold(seed, "episodes"), episodes)
            collected = Collected(chosen, played.returns, played.lengths, self.loop.take())
            if extra:
                self.loop.freeze()
                self.episodes(fold(seed, "extra"), extra, new=False)
                collected.extra = self.loop.take()
            return collected
        finally:
            base.set_tasks(None)
