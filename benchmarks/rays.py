"""Frames a second of the ray caster, at 64 by 48 pixels, in one thread.

    python benchmarks/rays.py

Mazes of 5 and 9 cells with a goal, as `meta/VisualMaze-v0` shows them, and the rooms of
`meta/SignNavigation-v0`. Seconds are those of this process's CPU, the median of repeats. Appends to
`results/rays.csv`; prints whether frames of one row are those of all rows.
"""

from __future__ import annotations

import csv
import datetime
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import meta_envs  # noqa: F401

TABLE = Path(__file__).parent / "results" / "rays.csv"
COLUMNS = ("date", "commit", "machine", "world", "pixels", "rows", "frames_per_second", "reference")
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
    described = ["git", "describe", "--always", "--dirty", "--abbrev=7"]
    commit = subprocess.run(described, capture_output=True, text=True).stdout.strip()
    written = TABLE.exists()
    with TABLE.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not written:
            writer.writerow(COLUMNS)
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
            row = (
                *(datetime.date.today().isoformat(), commit, platform.machine(), world, "64 x 48"),
                *(ROWS, speed, "at least 20,000 a core"),
            )
            writer.writerow(row)
            print(world, f"{speed:,} frames a second; equal row by row: {same}")


if __name__ == "__main__":
    main()
