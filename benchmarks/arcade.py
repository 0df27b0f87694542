"""Frames a second of `meta/Atari-v0` beside ale-py's own vector environment and Gymnasium's.

Run from the repository's root, on a machine that does little else:

    OMP_NUM_THREADS=1 python -m benchmarks.arcade

All play the same games with the same settings and actions, in turns, in one thread; ale-py's begins
the next game by itself, in the step after one ends. Gymnasium's `AtariPreprocessing` needs
`opencv-python-headless`; without it that row is left out. Each run appends its medians to
`benchmarks/results/arcade.csv`; ratios are ours to theirs, pair by pair.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import ale_py
import gymnasium as gym
import numpy as np
from ale_py.vector_env import AtariVectorEnv
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

import meta_envs  # noqa: F401  registers the id
from benchmarks.results_table import add, command
from meta_envs.arcade.games import GAMES, rom_id

_SKIP = 4  # frames a step
_SEVERAL = "several"  # each row another game


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--games", nargs="+", default=["Pong", "Breakout", _SEVERAL])
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100, help="vector steps a repeat")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    arguments = parser.parse_args()
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    gym.register_envs(ale_py)
    for game in arguments.games:
        records = compare(game, arguments.rows, arguments.repeats, arguments.steps)
        if not arguments.dry:
            for record in records:
                add("arcade.csv", record)


def compare(game: str, rows: int, repeats: int, steps: int) -> list[dict[str, Any]]:
    """Time all ways in turns, print what came out, and return the CSV's rows."""
    ways = {name: make(game, rows) for name, make in WAYS.items()}
    made = {name: venv for name, venv in ways.items() if venv is not None}
    n = int(next(iter(made.values())).single_action_space.n)
    actions = np.random.default_rng(0).integers(n, size=(repeats, steps, rows))
    speeds: dict[str, list[float]] = {name: [] for name in made}
    for venv in made.values():
        venv.reset(seed=0)
        play(venv, actions[0])  # so that games are under way
    for some in actions:
        for name, venv in made.items():
            began = time.perf_counter()
            play(venv, some)
            speeds[name].append(_SKIP * some.size / (time.perf_counter() - began))
    records = []
    for name, numbers in speeds.items():
        ratio = float(np.median(np.divide(speeds["ours"], numbers)))
        print(f"{game}, {rows} rows: {name:10s} {np.median(numbers):9,.0f} frames/s  {ratio:.2f}")
        records.append(
            {
                "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, 1 thread",
                "command": command(),
                "game": game,
                "rows": rows,
                "what": name,
                "frames_s": round(float(np.median(numbers))),
                "ratio": round(ratio, 2),
            }
        )
    for venv in made.values():
        venv.close()
    return records


def play(venv: Any, actions: np.ndarray) -> None:
    """Step with these actions [T, rows]."""
    for step in actions:
        venv.step(step)


def ours(game: str, rows: int) -> Any:
    """Make the rows of the id."""
    chosen = {"split": "all"} if game == _SEVERAL else {"game": game}
    return gym.make_vec("meta/Atari-v0", num_envs=rows, threads=1, **chosen)


def ale(game: str, rows: int) -> Any:
    """Make ale-py's own vector environment."""
    if game == _SEVERAL:
        return Several(rows)
    settings = {"reward_clipping": False, "use_fire_reset": False, "noop_max": 31}
    return AtariVectorEnv(rom_id(game), rows, num_threads=1, **settings)


def gymnasiums(game: str, rows: int) -> Any:
    """Make Gymnasium's rows; None without OpenCV, or for several games."""
    if game == _SEVERAL or importlib.util.find_spec("cv2") is None:
        return None
    return SyncVectorEnv([partial(preprocessed, game)] * rows)


def preprocessed(game: str) -> gym.Env:
    """Make one environment as DQN sees it."""
    plain = {"frameskip": 1, "repeat_action_probability": 0.0}
    env = AtariPreprocessing(gym.make(f"ALE/{game}-v5", **plain))
    return FrameStackObservation(env, 4, padding_type="zero")


class Several:
    """One of ale-py's vector environments a game, stepped one after the other."""

    def __init__(self, rows: int):
        self.single_action_space = gym.spaces.Discrete(18)
        settings = {"reward_clipping": False, "use_fire_reset": False, "noop_max": 31}
        self.envs = [
            AtariVectorEnv(
                rom_id(GAMES[row % len(GAMES)]),
                1,
                num_threads=1,
                full_action_space=True,
                **settings,
            )
            for row in range(rows)
        ]

    def reset(self, seed: int) -> None:
        """Begin all games."""
        for row, env in enumerate(self.envs):
            env.reset(seed=np.array([seed + row]))

    def step(self, actions: np.ndarray) -> np.ndarray:
        """Step all games, and put their frames together."""
        return np.concatenate([env.step(actions[i : i + 1])[0] for i, env in enumerate(self.envs)])

    def close(self) -> None:
        """Forget the games."""
        self.envs.clear()


WAYS: dict[str, Callable[[str, int], Any]] = {"ours": ours, "ale-py": ale, "Gymnasium": gymnasiums}


if __name__ == "__main__":
    main()
