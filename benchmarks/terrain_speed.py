"""Steps of walkers on terrain: beside raw `mj_step`, and Box2D's walkers on the same core."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np

import meta_envs  # noqa: F401  registers the ids

Rows = Iterator[tuple[str, Any]]
_ROWS, _STEPS, _PAIRS = 256, 20, 7


def terrain_speed(seed: int, wishes: Any) -> Rows:
    """Steps of Terrain a second, beside raw `mj_step` of the same models, frame skip and rows.

    Ours includes observations, lidar, rewards and autoreset. Processor time tells on a busy machine
    what wall-clock time tells on an idle one, but for waiting between threads.
    """
    for threads in (1, 2):
        yield from _beside_raw(seed, threads)
    yield from _box2d(seed)


def _beside_raw(seed: int, threads: int) -> Rows:
    venv = gym.make_vec("meta/Terrain-v0", num_envs=_ROWS, threads=threads)
    venv.reset(seed=seed)
    physics = venv.unwrapped.physics
    actions = _actions(seed, _ROWS)
    venv.step(actions[0])
    ratios: dict[str, list[float]] = {"wall-clock": [], "processor": []}
    speeds = []

    def ours() -> None:
        for action in actions:
            venv.step(action)

    def raw() -> None:
        for _ in range(_STEPS):  # row after row, as any batch must: each row's memory is its own
            for model, data in zip(physics.models, physics.data, strict=True):
                mujoco.mj_step(model, data, physics.frame_skip)

    for _ in range(_PAIRS):  # paired: the machine may be busy
        mine = _seconds(ours)
        states = physics.get_state()
        other = _seconds(raw)
        physics.set_state(states)
        ratios["wall-clock"].append(other[0] / (mine[0] * threads))
        ratios["processor"].append(other[1] / mine[1])
        speeds.append(_ROWS * _STEPS / mine[0])
    yield f"steps/s, {threads} threads", round(float(np.median(speeds)))
    for name, values in ratios.items():
        what = f"ratio to raw x {threads} threads, {name} time, median of {_PAIRS}"
        yield what, round(float(np.median(values)), 3)


def _box2d(seed: int) -> Rows:
    """One core: Terrain's rows beside Gymnasium's walker, ours on it, and EnvPool's."""
    ours = gym.make_vec("meta/Terrain-v0", num_envs=64, threads=1, split="ood")
    ours.reset(seed=seed)
    walkers: dict[str, tuple[Callable[[], None], int]] = {}  # what plays, and its steps
    walkers["Terrain, 64 rows"] = _rows(ours, seed), 64 * _STEPS
    if importlib.util.find_spec("Box2D") is not None:
        for name in ("BipedalWalkerHardcore-v3", "meta/BipedalTerrain-v0"):
            walkers[name] = _alone(gym.make(name), seed), 20 * _STEPS
    if importlib.util.find_spec("envpool") is not None:
        walkers["EnvPool BipedalWalkerHardcore, 64 rows"] = _envpool(seed), 64 * _STEPS
    for name, (play, steps) in walkers.items():
        wall, processor = min(_seconds(play) for _ in range(3))
        yield f"{name}: steps/s", round(steps / wall)
        yield f"{name}: steps a second of processor time", round(steps / processor)


def _alone(env: Any, seed: int) -> Callable[[], None]:
    env.reset(seed=seed)
    actions = _actions(seed, 20).reshape(-1, 4)

    def play() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()

    return play


def _envpool(seed: int) -> Callable[[], None]:
    import envpool

    env = envpool.make(
        "BipedalWalkerHardcore-v3",
        **{"env_type": "gymnasium", "num_envs": 64, "num_threads": 1, "seed": seed},
    )
    env.reset()
    return _rows(env, seed)


def _rows(env: Any, seed: int) -> Callable[[], None]:
    actions = _actions(seed, 64)

    def play() -> None:
        for action in actions:
            env.step(action)

    return play


def _actions(seed: int, rows: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (_STEPS, rows, 4))
    return drawn.astype(np.float32)


def _seconds(play: Callable[[], None]) -> tuple[float, float]:
    """Return wall-clock and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    play()
    return time.perf_counter() - wall, time.process_time() - processor
