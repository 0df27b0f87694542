"""A small suite that is killed, shared among processes, and run by Ray: its tables stay the same.

    python benchmarks/suites.py kills --kills 10     # kill -9 in mid-training, then to the end
    python benchmarks/suites.py workers 2 ray        # two processes; Ray, where it is installed
    python benchmarks/suites.py keep classics --root runs/suites/classics

`keep` writes what `metazoo benchmark` has run of a suite to `results/suite_cells.csv`, a row a cell
that says `recorded: suite_cells`; it is not run again then. In the others, each time the suite ends
in a folder of its own, and the report (`metazoo report`) and the curves must equal those of a suite
that one process ran without interruption, byte for byte. Checkpoints are saved at every iteration
here, not once a minute, so that kills find some.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from results_table import add, command, commit

from agents.core.evaluation.curve import AdaptationCurve
from agents.suites import cells, recorded, report, suite
from agents.suites.suite import Cell, parsed

TABLE = Path(__file__).resolve().parent / "results" / "suites.csv"
CELLS = "suite_cells"
_BANDIT = "meta/BernoulliBandit-v0"
_SMALL = {"n_envs": 16, "preset": None, "policy_kwargs": {"hidden_size": 16}}
SUITE = {
    "name": "small",
    "eval_tasks": 50,
    "cells": [
        {"agent": "rl2", "id": _BANDIT, "steps": 8_000, "seeds": [0, 1], "arguments": _SMALL},
        {"agent": "a2c", "id": "CartPole-v1", "steps": 2_000, "eval_tasks": 5, "seeds": [0, 1]},
        {"agent": ["random", "thompson"], "id": _BANDIT},
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("kills", "workers", "keep", "child"))
    parser.add_argument("names", nargs="*", help="of workers; a suite; of the child's folder")
    parser.add_argument("--root", type=Path, help="the folder of a suite to keep")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    wishes = parser.parse_args()
    if wishes.what == "child":
        child(Path(wishes.names[0]), wishes.names[1])
        return
    if wishes.what == "keep":
        keep(wishes.names[0], wishes.root)
        return
    with tempfile.TemporaryDirectory() as folder:
        calm = Path(folder) / "calm"
        seconds = run(calm, "1")
        print(f"without interruption: {seconds:.0f} s", flush=True)
        if wishes.what == "kills":
            killed(Path(folder) / "killed", calm, wishes)
        for name in wishes.names:
            seconds = run(Path(folder) / name, name)
            record(f"workers={name}", 0, 0, seconds, calm, Path(folder) / name)


def child(folder: Path, workers: str) -> None:
    """Run the suite, saving as often as can be."""
    from agents.core.saving.checkpoint_callback import CheckpointCallback

    CheckpointCallback.__init__.__defaults__ = (0.0,)
    chosen = parsed(SUITE, "here").cells
    states = cells.run_all(chosen, folder, "ray" if workers == "ray" else int(workers))
    if wrong := [one.words for one in states if one.what != cells.DONE]:
        sys.exit("; ".join(wrong))


def keep(name: str, root: Path) -> None:
    """Write a row for each cell that was run and has none yet."""
    chosen = suite.read(name)
    for cell in chosen.cells:
        curve = cells.curve_file(cell, root)
        if cell.recorded != CELLS or curve is None or recorded.record_of(cell) is not None:
            continue
        data = AdaptationCurve.from_csv(curve)
        of = "returns" if data.expected_returns is None else "expected_returns"
        row = {
            "commit": commit(dirty=True),
            "machine": f"{os.cpu_count()} cores {platform.machine()}",
            "suite": chosen.name,
            "agent": cell.agent,
            "id": cell.id,
            "seed": cell.seed,
            "steps": cell.steps,
            "deterministic": False,
            "episodes": json.dumps([round(float(value), 4) for value in data.mean(of)]),
            "command": command(),
        }
        add(TABLE.parent / f"{CELLS}.csv", row)
        print(*row.values(), flush=True)


def start(folder: Path, workers: str) -> subprocess.Popen:
    """Begin the suite, or go on, in a group of processes of its own."""
    words = [sys.executable, __file__, "child", str(folder), workers]
    return subprocess.Popen(words, preexec_fn=os.setpgrp)


def run(folder: Path, workers: str) -> float:
    """Run the suite to its end; return the seconds."""
    began = time.perf_counter()
    if start(folder, workers).wait():
        raise RuntimeError(f"the suite failed with workers={workers}")
    return time.perf_counter() - began


def killed(folder: Path, calm: Path, wishes: argparse.Namespace) -> None:
    """Kill the suite each time that it has trained for a random while, then let it end."""
    rng, found, began = random.Random(wishes.seed), 0, time.perf_counter()
    chosen = parsed(SUITE, "here").cells
    most = sum(cell.trains for cell in chosen) / (wishes.kills + 2)  # of what is to be trained
    for kill in range(wishes.kills):
        enough = trained(chosen, folder) + rng.uniform(0.05, 1.0) * most
        process = start(folder, "1")
        while trained(chosen, folder) < enough:
            if process.poll() is not None:
                raise RuntimeError(f"the suite ended before kill {kill + 1}: make it larger")
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        states = [cells.state_of(cell, folder) for cell in chosen]
        begun = sum(one.what == cells.RUNNING and one.share > 0 for one in states)
        found += bool(begun)
        print(f"kill {kill + 1}: {sum(one.what == cells.DONE for one in states)} done", flush=True)
    run(folder, "1")
    record("kill -9", wishes.kills, found, time.perf_counter() - began, calm, folder)


def trained(chosen: Sequence[Cell], folder: Path) -> float:
    """Return how many cells' worth of steps are trained."""
    return sum(cells.state_of(cell, folder).share for cell in chosen if cell.trains)


def told(folder: Path) -> dict[str, bytes]:
    """Return what a suite says: the files of its report, and its curves but for where from."""
    report.write(folder, folder / "report")
    texts = [file for file in (folder / "report").iterdir() if file.suffix in (".csv", ".md")]
    found = {file.name: file.read_bytes() for file in texts}
    for cell in parsed(SUITE, "here").cells:
        curve = cells.curve_file(cell, folder)
        assert curve is not None, cell.name
        lines = curve.read_bytes().splitlines()
        found[cell.name] = b"\n".join(line for line in lines if not line.startswith(b"#"))
    return found


def record(what: str, kills: int, found: int, seconds: float, calm: Path, folder: Path) -> None:
    """Compare with the calm suite, and write a row."""
    one, other = told(calm), told(folder)
    different = sorted(name for name in one.keys() | other.keys() if one[name] != other.get(name))
    row = {
        "commit": commit(dirty=True),
        "machine": f"{os.cpu_count()} cores {platform.machine()}",
        "what": what,
        "cells": len(parsed(SUITE, "here").cells),
        "kills": kills,
        "found_training": found,
        "seconds": f"{seconds:.0f}",
        "equal": not different,
    }
    add(TABLE, row)
    print(*row.values(), *different, flush=True)


if __name__ == "__main__":
    main()
