"""Small families as contributors write them, registered from here as `tests/...`."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from meta_envs import MetaEnv, MetaVectorEnv, register
from meta_envs.core.splits import interleave

PUSH, LAMP, TRAVEL = "tests/Push-v0", "tests/Lamp-v0", "tests/Travel-v0"
EYES = {kind: f"tests/Eyes{kind.title()}-v0" for kind in ("dict", "image")}


class Push(MetaVectorEnv):
    """A point that is pushed, with noise, towards a hidden target: a native family.

    Args:
        steps: Of an episode, which terminates.
    """

    splits: tuple[str, ...] = ("train", "test", "all")

    def __init__(self, steps: int = 5, **core: Any):
        self.steps = steps
        super().__init__(
            task_space=spaces.Dict({"target": spaces.Box(-1.0, 1.0, (), np.float64)}),
            observation_space=spaces.Box(-np.inf, np.inf, (2,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (2,), np.float32),
            **core,
        )
        self.state = {"place": np.zeros((self.num_envs, 2))}

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"target": rng.uniform(-1.0, 1.0)}

    def in_split(self, task: Any) -> bool:
        return interleave(task["target"], -1.0, 1.0) == self.split

    def begin_episodes(self, rows: np.ndarray) -> Any:
        self.state["place"][rows] = self.random.normal(rows, size=2)
        return self.state["place"][rows].astype(np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        self.state["place"] += 0.1 * actions + 0.1 * self.noise()
        rewards = -np.abs(self.state["place"][:, 0] - self.tasks["target"])
        observations = self.state["place"].astype(np.float32)
        return observations, rewards, self.elapsed >= self.steps, {}

    def noise(self) -> np.ndarray:
        return self.random.normal(size=2)

    def render_row(self, row: int) -> np.ndarray:
        return np.full((6, 4, 3), int(self.elapsed[row]), dtype=np.uint8)


class Lamp(MetaEnv):
    """One switch of four lights the lamp: a contributor's scalar environment, finite tasks.

    It terminates once the lamp is on and truncates by itself after `patience` steps.

    Args:
        patience: Steps before the environment gives up.
    """

    splits = ("train", "test", "all")

    def __init__(self, patience: int = 6, **core: Any):
        self.patience = patience
        super().__init__(
            task_space=spaces.Dict({"switch": spaces.Discrete(4)}),
            observation_space=spaces.Discrete(3),
            action_space=spaces.Discrete(4),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"switch": rng.integers(4)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        return tuple({"switch": switch} for switch in range(4))

    def in_split(self, task: Any) -> bool:
        return (int(task["switch"]) == 2) == (self.split == "test")

    def begin_episode(self) -> int:
        self.stepped = 0
        return int(self.np_random.integers(3))

    def step(self, action: Any) -> tuple[int, float, bool, bool, dict[str, Any]]:
        action = self.valid_action(action)
        self.stepped += 1
        assert self.task is not None
        lit = action == self.task["switch"] and self.np_random.random() < 0.7
        cut = self.stepped >= self.patience
        return int(self.np_random.integers(3)), float(lit), bool(lit), cut, {"success": bool(lit)}


class Travel(Push):
    """`Push` without an end of its own, but where a point comes near the target."""

    def __init__(self, **core: Any):
        super().__init__(steps=0, **core)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        observations, rewards, _, infos = super().step_rows(actions)
        return observations, rewards, rewards > -0.1, infos


class Eyes(Push):
    """`Push` seen as a Dict or as an image.

    Args:
        kind: `"dict"` or `"image"`.
        steps: Of an episode.
    """

    def __init__(self, kind: str = "dict", steps: int = 5, **core: Any):
        super().__init__(steps=steps, **core)
        self.kind = kind
        image = spaces.Box(0, 255, (3, 4, 1), np.uint8)
        both: Any = spaces.Dict({"image": image, "sign": spaces.Discrete(2)})
        space = both if kind == "dict" else image
        self.single_observation_space = space
        self.observation_space = batch_space(space, self.num_envs)

    def begin_episodes(self, rows: np.ndarray) -> Any:
        return self._seen(super().begin_episodes(rows))

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        observations, *rest = super().step_rows(actions)
        return (self._seen(observations), *rest)

    def _seen(self, places: np.ndarray) -> Any:
        grey = np.clip(128 + 20 * places[:, 0], 0, 255).astype(np.uint8)
        image = np.broadcast_to(grey[:, None, None, None], (len(places), 3, 4, 1)).copy()
        sign = (places[:, 1] > 0).astype(np.int64)
        return {"image": image, "sign": sign} if self.kind == "dict" else image


_TABLE: tuple[dict[str, Any], ...] = (
    {"id": PUSH, "family": f"{__name__}:Push", "episodes_per_trial": 2},
    {"id": LAMP, "family": f"{__name__}:Lamp", "episodes_per_trial": 2, "max_episode_steps": 4},
    {"id": TRAVEL, "family": f"{__name__}:Travel", "episodes_per_trial": 3, "max_episode_steps": 7},
    *(
        {
            "id": id,
            "family": f"{__name__}:Eyes",
            "episodes_per_trial": 2,
            "kwargs": {"kind": kind},
        }
        for kind, id in EYES.items()
    ),
)
for _row in _TABLE:
    register(**_row, summary="For tests", source="tests")
IDS = tuple(_row["id"] for _row in _TABLE)
