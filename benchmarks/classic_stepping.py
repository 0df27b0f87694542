"""Stepping RandomCartPole against Gymnasium's own batched CartPole, which has one set of constants.

Run from the repository's root, on a machine that does little else:

    python -m benchmarks.classic_stepping    # a step of 64 rows must take at most twice as long

Both run in this process, in one thread, with the same random actions, in turns. Ours draws a new
task for every second episode and begins the next episode in the step that ends one; theirs spends
a step on it. Appends medians to `benchmarks/results/stepping.csv`.
"""

from __future__ import annotations

import argparse
import os

import gymnasium as gym
import numpy as np

import meta_envs  # noqa: F401

from .stepping import append, steps_per_second

_IDS = {
    "theirs": "CartPole-v1",
    "random": "meta/RandomCartPole-v0",
    "nominal": "meta/RandomCartPole-v0",
}
_MUST_REACH = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--steps", type=int, default=1000, help="vector steps a repeat")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    arguments = parser.parse_args()
    made = {
        "theirs": gym.make_vec(
            _IDS["theirs"], arguments.rows, vectorization_mode="vector_entry_point"
        ),
        "random": gym.make_vec(_IDS["random"], arguments.rows),
        "nominal": gym.make_vec(_IDS["nominal"], arguments.rows, nominal=True),
    }
    actions = np.random.default_rng(0).integers(2, size=(arguments.steps, arguments.rows))
    speeds: dict[str, list[float]] = {name: [] for name in made}
    for venv in made.values():
        venv.reset(seed=0)
    for _ in range(arguments.repeats):
        for name, venv in made.items():
            speeds[name].append(steps_per_second(venv, actions))
    records = []
    for name, measured in speeds.items():
        ratio = float(np.median(np.divide(measured, speeds["theirs"])))
        micro = arguments.rows / np.median(measured) * 1e6
        verdict = "reached" if ratio >= _MUST_REACH else "MISSED"
        print(f"{name:8s} {micro:6.0f} us a step, {ratio:.2f} of theirs ({_MUST_REACH} {verdict})")
        records.append(
            {
                "cores": os.cpu_count(),
                "what": f"{_IDS[name]} make_vec" + (" nominal" if name == "nominal" else ""),
                "rows": arguments.rows,
                "steps_per_second": round(float(np.median(measured))),
                "ratio": round(ratio, 2),
            }
        )
    if not arguments.dry:
        append(records)


if __name__ == "__main__":
    main()
