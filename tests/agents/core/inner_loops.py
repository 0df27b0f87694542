"""Inner loops and agents that tests of the evaluation play with."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents import InnerLoop, Step


class Constant(InnerLoop):
    """Always the first action."""

    def reset(self, rows: Any = None) -> None:
        pass

    def act(self, observation: Any, rows: Any = None, deterministic: bool = False) -> np.ndarray:
        space = self.venv.single_action_space
        first = np.full(space.shape, getattr(space, "start", 0), dtype=space.dtype)
        return np.stack([first] * len(self.rows(rows)))


class Recorder(Constant):
    """Keeps every call, as (name, rows, arguments)."""

    def __init__(self, venv: Any, rows_per_task: int = 1, seed: int | None = None):
        super().__init__(venv, rows_per_task, seed)
        self.calls: list[tuple[str, list[int], Any]] = []

    def reset(self, rows: Any = None) -> None:
        self.calls.append(("reset", self.rows(rows).tolist(), None))

    def act(self, observation: Any, rows: Any = None, deterministic: bool = False) -> np.ndarray:
        seen = {"observation": np.array(observation), "deterministic": deterministic}
        self.calls.append(("act", self.rows(rows).tolist(), seen))
        return super().act(observation, rows)

    def observe(self, step: Step, rows: Any = None) -> None:
        seen = {
            "observation": np.array(step.observation),
            "action": step.action,
            "reward": step.reward,
            "ended": step.ended,
            "next_observation": np.array(step.next_observation),
            "infos": step.infos,
        }
        self.calls.append(("observe", self.rows(rows).tolist(), seen))

    def freeze(self) -> None:
        self.calls.append(("freeze", self.rows(None).tolist(), None))

    def named(self, name: str) -> list[tuple[list[int], Any]]:
        return [(rows, seen) for called, rows, seen in self.calls if called == name]


class Agent:
    """Opens inner loops of one class, and keeps them."""

    def __init__(self, loop: type[InnerLoop] = Recorder):
        self.loop = loop
        self.loops: list[Any] = []

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> Any:
        self.loops.append(self.loop(venv, rows_per_task, seed))
        return self.loops[-1]
