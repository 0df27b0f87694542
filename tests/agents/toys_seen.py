"""Toys that show pictures or Dicts, or take several choices at once; registered under `toy/`."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

import meta_envs

SIDE = 12  # pixels of a frame


class Lamp(meta_envs.MetaVectorEnv):
    """The lit half of a frame says which arm pays 1 this time: nothing else does.

    Args:
        pulls: Steps of an episode.
        shows: `"frame"`, a uint8 frame; or `"dict"`, which says it by three keys: the frame is
            dark unless `cell` is 1, and where `cell` is 0 the sign of `where.side` tells; or
            `"vectors"`, the same without the frame.
        side: Pixels.
    """

    def __init__(self, pulls: int = 4, shows: str = "frame", side: int = SIDE, **core: Any):
        self.pulls, self.shows, self.side = pulls, shows, side
        frame = spaces.Box(0, 255, (side, side, 1), np.uint8)
        box = spaces.Box(-1.0, 1.0, (2,), np.float32)
        named = {"cell": spaces.Discrete(2), "where": spaces.Dict({"side": box})}
        if shows == "dict":
            named["frame"] = frame
        super().__init__(
            task_space=spaces.Dict({"arm": spaces.Discrete(2)}),
            observation_space=frame if shows == "frame" else spaces.Dict(named),
            action_space=spaces.Discrete(2),
            **core,
        )
        self.state["lit"] = np.zeros(self.num_envs, dtype=np.int64)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"arm": rng.integers(2)}

    def begin_episodes(self, rows: np.ndarray) -> Any:
        self._light(rows)
        return self._shown(rows)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        rewards = (actions == self.state["lit"]).astype(np.float64)
        rows = np.arange(self.num_envs)
        self._light(rows)
        return self._shown(rows), rewards, self.elapsed >= self.pulls, {}

    def _light(self, rows: np.ndarray) -> None:
        self.state["lit"][rows] = self.random.uniform(rows)[:, 0] < 0.5

    def _shown(self, rows: np.ndarray) -> Any:
        lit = self.state["lit"][rows]
        frames = np.zeros((len(rows), self.side, self.side, 1), dtype=np.uint8)
        half = self.side // 2
        frames[lit == 0, :, :half] = 255
        frames[lit == 1, :, half:] = 255
        if self.shows == "frame":
            return frames
        cell = self.elapsed[rows] % 2
        frames[cell == 0] = 0
        sign = np.where(cell == 0, 2.0 * lit - 1.0, 0.0)
        side = np.stack([sign, np.zeros_like(sign)], axis=1).astype(np.float32)
        seen = {"cell": cell, "where": {"side": side}}
        return {**seen, "frame": frames} if self.shows == "dict" else seen


class Lock(meta_envs.MetaVectorEnv):
    """Every choice that is the task's pays its share of 1; all are right for 1.

    Args:
        pulls: Steps of an episode.
        bits: Take MultiBinary actions instead of MultiDiscrete ones.
    """

    def __init__(self, pulls: int = 5, bits: bool = False, **core: Any):
        self.pulls = pulls
        choices = spaces.MultiDiscrete([2, 3], start=[0, 1])
        super().__init__(
            task_space=spaces.Dict({"first": spaces.Discrete(2), "second": spaces.Discrete(2)}),
            observation_space=spaces.Discrete(1),
            action_space=spaces.MultiBinary(2) if bits else choices,
            **core,
        )
        self.low = 0 if bits else np.array([0, 1])

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"first": rng.integers(2), "second": rng.integers(2)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros(len(rows), dtype=np.int64)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        wanted = np.stack([self.tasks["first"], self.tasks["second"]], axis=1)
        rewards = (actions - self.low == wanted).mean(axis=1)
        shown = np.zeros(self.num_envs, dtype=np.int64)
        return shown, rewards, self.elapsed >= self.pulls, {}


for _id, _family, _kwargs in (
    ("toy/Lamp-v0", "Lamp", {}),
    ("toy/LampKeys-v0", "Lamp", {"shows": "dict"}),
    ("toy/LampVectors-v0", "Lamp", {"shows": "vectors"}),
    ("toy/Lock-v0", "Lock", {}),
    ("toy/LockBits-v0", "Lock", {"bits": True}),
):
    meta_envs.register(
        _id,
        f"{__name__}:{_family}",
        episodes_per_trial=1,
        summary="A toy",
        source="tests",
        kwargs=_kwargs,
    )
