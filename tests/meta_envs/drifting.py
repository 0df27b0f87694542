"""Two families as contributors write them: tasks that change, and tasks that index a bank."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from meta_envs import MetaEnv, MetaVectorEnv, register

IDS = DRIFT, DRIFTING_LAMP, JUDGED = "tests/Drift-v0", "tests/DriftingLamp-v0", "tests/Judged-v0"


class Drift(MetaVectorEnv):
    """A hidden number in [0, 1] is guessed, which has moved a little in the next episode."""

    def __init__(self, guesses: int = 3, **core: Any):
        self.guesses = guesses
        super().__init__(
            task_space=spaces.Dict({"secret": spaces.Box(0.0, 1.0, (), np.float64)}),
            observation_space=spaces.Box(-1.0, 1.0, (1,), np.float32),
            action_space=spaces.Box(0.0, 1.0, (1,), np.float32),
            **core,
        )
        self._square = np.zeros(self.num_envs)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"secret": rng.random()}

    def next_task(self, task: Any, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        return {"secret": np.clip(task["secret"] + rng.normal(0.0, 0.1), 0.0, 1.0)}

    def apply_tasks(self, rows: np.ndarray) -> None:
        self._square[rows] = self.tasks["secret"][rows] ** 2

    def begin_episodes(self, rows: np.ndarray) -> Any:
        return np.zeros((len(rows), 1), dtype=np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        off = actions[:, 0].astype(np.float64) ** 2 - self._square
        sign = np.sign(off).astype(np.float32)[:, None]
        return sign, -np.abs(off), self.elapsed >= self.guesses, {}


class DriftingLamp(MetaEnv):
    """One of four switches lights the lamp, another one in every episode: a scalar environment."""

    def __init__(self, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"switch": spaces.Discrete(4)}),
            observation_space=spaces.Discrete(2),
            action_space=spaces.Discrete(4),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"switch": rng.integers(4)}

    def next_task(self, task: Any, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        return {"switch": (task["switch"] + 1 + rng.integers(3)) % 4}

    def begin_episode(self) -> int:
        return int(self.np_random.integers(2))

    def step(self, action: Any) -> tuple[int, float, bool, bool, dict[str, Any]]:
        lit = self.valid_action(action) == int((self.task or {})["switch"])
        return int(self.np_random.integers(2)), float(lit), True, False, {}


def judges(seed: int = 0, size: int = 5) -> dict[str, np.ndarray]:
    """Return networks from two numbers to one, as arrays of a bank."""
    rng = np.random.default_rng(seed)
    shapes = {"layers.0": (8, 2), "layers.1": (1, 8)}
    weights = {f"{k}.weight": rng.standard_normal((size, *shape)) for k, shape in shapes.items()}
    return {**weights, **{f"{k}.bias": np.zeros((size, shape[0])) for k, shape in shapes.items()}}


class Judged(MetaVectorEnv):
    """A point is pushed about; one of the networks of a bank says what its place is worth.

    Args:
        bank: The networks, from two numbers to one: arrays or a safetensors file.
    """

    def __init__(self, bank: Any = None, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"judge": spaces.Discrete(5)}),
            observation_space=spaces.Box(-np.inf, np.inf, (2,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (2,), np.float32),
            **core,
        )
        self.set_bank(judges() if bank is None else bank)
        self.state = {"place": np.zeros((self.num_envs, 2))}

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"judge": rng.integers(5)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        return tuple({"judge": judge} for judge in range(5))

    def check_bank(self, bank: Any) -> None:
        if (bank.size, bank.inputs, bank.outputs) != (5, 2, 1):
            raise ValueError(f"{bank} does not fit: give 5 networks, 2 -> 1")

    def begin_episodes(self, rows: np.ndarray) -> Any:
        self.state["place"][rows] = self.random.normal(rows, size=2)
        return self.state["place"][rows].astype(np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        self.state["place"] += 0.1 * actions
        worth = self.bank.forward(self.tasks["judge"], self.state["place"])[:, 0]
        return self.state["place"].astype(np.float32), worth, self.elapsed >= 4, {}


for _id, _family in zip(IDS, (Drift, DriftingLamp, Judged), strict=True):
    register(
        _id,
        f"{__name__}:{_family.__name__}",
        episodes_per_trial=3,
        summary="For tests",
        source="tests",
    )
