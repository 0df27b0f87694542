"""Damage files of every kind many times, and count the outcomes of reading them.

    python benchmarks/fuzz_files.py --examples 100000 --out benchmarks/results/fuzz_files.csv

*clear*: a ValueError that names the file, or that says that training diverges. *accepted*: what was
read then acts, learns an iteration and saves (checkpoints), is printed and written (curves), or is
continued with (logs, configs). *unrelated*: anything else, of which there must be none; the exit
code is 1 if there is.
"""

from __future__ import annotations

import argparse
import collections
import csv
import platform
import random
import subprocess
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.damage import subjects  # noqa: E402

# Cheap ones more often: an accepted checkpoint is trained, a curve is only read.
SHARES = {
    "checkpoint-bytes": 10, "checkpoint-json": 2, "checkpoint-optimizer": 2,
    "checkpoint-tensors": 2, "config": 28, "curve": 28, "progress": 28,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a CSV of the counts")
    given = parser.parse_args()
    torch.set_num_threads(1)
    damage = subjects().kinds()
    rows, wrong = [], 0
    for kind, share in SHARES.items():
        counts: collections.Counter[str] = collections.Counter()
        for index in range(max(1, given.examples * share // sum(SHARES.values()))):
            came = damage[kind](random.Random(f"{given.seed}-{kind}-{index}"))
            counts[came.partition(":")[0]] += 1
            if came.startswith("unrelated"):
                print(f"{kind} {index}: {came[:300]}", flush=True)
        rows.append({"kind": kind, "examples": counts.total(), **{
            name: counts[name] for name in ("clear", "accepted", "unrelated")
        }})  # fmt: skip
        wrong += counts["unrelated"]
        print(rows[-1], flush=True)
        if given.out:
            write(given.out, rows, given.examples, given.seed)
    return int(wrong > 0)


def write(path: Path, rows: list[dict], examples: int, seed: int) -> None:
    """Write the counts, with what made them."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True
    )
    about = {
        "command": f"python benchmarks/fuzz_files.py --examples {examples} --seed {seed}",
        "commit": commit.stdout.strip(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, 1 thread",
    }
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*rows[0], *about], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **about} for row in rows)


if __name__ == "__main__":
    sys.exit(main())
