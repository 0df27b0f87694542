"""Rewards that only exploring finds: GridNavi whose goal pays once the farthest corner was visited.

    python benchmarks/gate.py varibad hyperx novelty surprise --seeds 0 1 2
    python benchmarks/gate.py varibad hyperx --size 7 --seeds 0 1 2 # episodes of 14 steps
    python benchmarks/gate.py varibad hyperx --size 8 --length 20 --seeds 0 1 2

Trains VariBAD and HyperX with the same settings (trainings go on where they were interrupted;
`novelty` and `surprise` have one bonus each), plays 600 tasks, and appends to `results/gate.csv`
the mean return of a trial, the share of it that an oracle reaches (0 is a trial that is never
paid, 1 the oracle's), and in how many trials the gate's reward was found at all.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from results_table import add, machine
from resumed import trained

import agents
from agents import baselines, evaluate
from agents.varibad.presets import HYPERX

TABLE = Path(__file__).parent / "results" / "gate.csv"
ID, EPISODES, STEP_REWARD = "meta/GridNavi-v0", 4, -0.1
KWARGS: dict[str, Any] = HYPERX["grid-navi-gate"]["env_kwargs"]
SETTINGS: dict[str, Any] = HYPERX["grid-navi-gate"]["arguments"]
STEPS = 5_000_000
# name: agent, arguments
ENTRIES: dict[str, tuple[str, dict[str, Any]]] = {
    "varibad": ("VariBAD", {}),
    "hyperx": ("HyperX", {}),
    "novelty": ("HyperX", {"surprise_coef": 0.0}),
    "surprise": ("HyperX", {"novelty_coef": 0.0}),
}


def run(
    name: str, seed: int, steps: int, keep: Path | None, size: int | None, length: int | None
) -> None:
    """Train one seed, evaluate it, and write its row."""
    which, arguments = ENTRIES[name]
    cls = getattr(agents, which)
    kwargs, label = KWARGS, name
    if size is not None:
        kwargs = {**KWARGS, "size": size, "steps": length or 2 * size}
        label = f"{name}-{size}" if length is None else f"{name}-{size}-{length}"

    def make() -> Any:
        given = {**SETTINGS, **arguments}
        return cls("BeliefPolicy", ID, env_kwargs=kwargs, seed=seed, preset=None, **given)

    agent, seconds = trained(f"gate/{label}-s{seed}", cls, make, steps)
    if keep is not None:
        agent.save_weights(keep / f"{which}-GridNavi-gate-{label}-{seed}.zip")
    measured: dict[str, Any] = {"env_kwargs": kwargs, "num_tasks": 600, "seed": 1}
    curve = evaluate(agent, ID, **measured)
    assert curve.success is not None
    best = float(evaluate(baselines.GridOracle(gate=True), ID, **measured).total()[0])
    never = STEP_REWARD * kwargs["steps"] * EPISODES
    total, error = curve.total()
    row = {
        "machine": machine(1),
        "entry": name,
        "agent": which,
        "env_kwargs": kwargs,
        "seed": seed,
        "steps": agent.num_timesteps,
        "train_cpu_seconds": round(seconds),
        "total": round(float(total), 3),
        "standard_error": round(float(error), 3),
        "share": round((float(total) - never) / (best - never), 3),
        "found": round(float(curve.success.max(axis=1).mean()), 3),
        "oracle": round(best, 3),
        "reference": "HyperX at least half of the oracle's, VariBAD about 0",
    }
    add(TABLE, row)
    print(row, curve.mean().round(2), flush=True)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--size", type=int, help="cells of a side; the preset's is 5")
    help_ = "steps of an episode, with --size; twice the size if not given"
    parser.add_argument("--length", type=int, help=help_)
    parser.add_argument("--keep", type=Path, help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for entry in arguments.entries:
        for seed in arguments.seeds:
            run(entry, seed, arguments.steps, arguments.keep, arguments.size, arguments.length)


if __name__ == "__main__":
    main()
