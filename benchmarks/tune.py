"""Tune RL2 on the dependent bandit within ten minutes, and compare the result with the defaults.

    python benchmarks/tune.py               # searches (or goes on) for at most ten minutes in all
    python benchmarks/tune.py --compare     # trains fresh seeds with what was found

The search is `metazoo tune` over five arguments, without any preset; trials are long enough for
some to learn (60,000 steps are not: every trial stayed at chance, 50). The comparison trains seeds
that the search has not used, with the documented defaults and with the preset it wrote, as many
steps as its trials, and measures 1,000 held-out tasks. Appends to `results/tune.csv`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from results_table import RESULTS, append, begins

import agents
from agents import RL2, evaluate

COLUMNS = "id,what,seed,steps,seconds,return,standard_error,search_seconds,trials"
ID, STEPS, MINUTES, SEEDS = "meta/DependentBandit-v0", 150_000, 10.0, (100, 101, 102)
SEARCH = ("learning_rate", "gamma", "gae_lambda", "batch_size", "n_epochs")


def search(root: Path) -> None:
    """Search until ten minutes are spent, over all calls; how long is noted beside the study."""
    note = root / "seconds.json"
    spent = json.loads(note.read_text()) if note.exists() else 0.0
    root.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()

    def told(line: str) -> None:
        note.write_text(json.dumps(spent + time.perf_counter() - begun))
        print(line, flush=True)

    left = MINUTES - spent / 60
    if left > 0:
        found = agents.tune(
            "rl2",
            ID,
            trials=10_000,
            minutes=left,
            search=SEARCH,
            total_timesteps=STEPS,
            root=root,
            told=told,
        )
        print(found, flush=True)


def compare(root: Path) -> None:
    (path,) = root.glob("tune-*/preset.json")
    preset = json.loads(path.read_text())
    seconds = json.loads((root / "seconds.json").read_text())
    for what, name in (("documented defaults", None), ("tuned", str(path))):
        for seed in SEEDS:
            begun = time.perf_counter()
            agent = RL2("GruPolicy", ID, seed=seed, preset=name).learn(STEPS)
            trained = time.perf_counter() - begun
            total, error = evaluate(agent, ID, num_tasks=1000).total("expected_returns")
            row = [
                ID, what, seed, agent.num_timesteps, f"{trained:.0f}", f"{total:.3f}",
                f"{error:.3f}", f"{seconds:.0f}", preset["trials"],
            ]  # fmt: skip
            append("tune.csv", COLUMNS, row)
    (RESULTS / "tune-rl2-dependent-bandit.preset.json").write_text(path.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--root", type=Path, default=Path("runs/tune-benchmark"))
    arguments = parser.parse_args()
    begins()
    if arguments.compare:
        compare(arguments.root)
    else:
        search(arguments.root)


if __name__ == "__main__":
    sys.exit(main())
