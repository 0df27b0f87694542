"""Frames a second of the ray caster, at 64 by 48 pixels, in one thread.

    python benchmarks/rays.py

Mazes of 5 and 9 cells with a goal, as `meta/VisualMaze-v0` shows them, and the rooms of
`meta/SignNavigation-v0`. Seconds are those of this process's CPU, the median of repeats. Appends to
`results/rays.csv`; prints whether frames of one row are those of all rows.
"""

from __future__ import annotations

import platform
import time
from typing import Any

import gymnasium as gym
import numpy as np
from results_table import add, commit

import meta_envs  # noqa: F401

ROWS, REPEATS = 256, 9
WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "maze of 5": ("meta/VisualMaze-v0", {"size": 5}),
    "maze of 9": ("meta/VisualMaze-v0", {"size": 9}),
    "rooms with a sign": ("meta/SignNavigation-v0", {"width": 64, "height": 48}),
}


def frames(venv: Any, rows: np.ndarray) -> np.ndarray:
    """Return the frames of rows."""
    maze = hasattr(venv, "caster") and hasattr(venv, "_goals")
    return venv._frames(venv.caster, rows) if maze else venv._frames(rows)


def main() -> None:
    """Measure every world."""
    for world, (id, kwargs) in WORLDS.items():
        venv: Any = gym.make_vec(id, num_envs=ROWS, **kwargs)
        venv.reset(seed=0)
        for _ in range(8):
            venv.step(np.random.default_rng(0).integers(3, size=ROWS))
        plain, every = venv.unwrapped, np.arange(ROWS)
        whole = frames(plain, every)
        alone = [frames(plain, every[row : row + 1])[0] for row in range(0, ROWS, 16)]
        same = np.array_equal(np.stack(alone), whole[::16])
        seconds = []
        for _ in range(REPEATS):
            begun = time.process_time()
            frames(plain, every)
            seconds.append(time.process_time() - begun)
        speed = round(ROWS / float(np.median(seconds)))
        row = {
            "commit": commit(dirty=True),
            "machine": platform.machine(),
            "world": world,
            "pixels": "64 x 48",
            "rows": ROWS,
            "frames_per_second": speed,
            "reference": "at least 20,000 a core",
        }
        add("rays.csv", row)
        print(world, f"{speed:,} frames a second; equal row by row: {same}")


if __name__ == "__main__":
    main()
