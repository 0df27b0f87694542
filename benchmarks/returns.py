"""Time the reverse scan against the same recurrence as a loop that autograd records.

    python benchmarks/returns.py [--threads 1] [--repeats 15] [--csv FILE]

Forward and backward, in turn, the fastest of the repeats; prints milliseconds and the ratio.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import torch
from sequence_core import fastest

from agents.core.losses.returns import scan

SHAPES = [(20, 8), (100, 64), (100, 2048), (1000, 32)]


def loop(deltas: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The recurrence as it would be written without a function of its own."""
    carried = torch.zeros_like(deltas[0])
    backwards = []
    for delta, weight in zip(reversed(deltas.unbind()), reversed(weights.unbind()), strict=True):
        carried = torch.addcmul(delta, weight, carried)
        backwards.append(carried)
    return torch.stack(backwards[::-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = []
    print("T     B     scan ms  loop ms  ratio")
    for n_steps, n_rows in SHAPES:
        deltas, weights = torch.rand(2, n_steps, n_rows).unbind()
        inputs = deltas.clone().requires_grad_(), weights.clone().requires_grad_()
        grad = torch.randn(n_steps, n_rows)
        ours, theirs = fastest(
            [lambda f=f, x=inputs, g=grad: torch.autograd.grad(f(*x), x, g) for f in (scan, loop)],
            arguments.repeats,
        )
        ratio = theirs / ours
        print(f"{n_steps:<5d} {n_rows:<5d} {ours:7.3f} {theirs:8.3f} {ratio:6.2f}", flush=True)
        rows.append([n_steps, n_rows, f"{ours:.3f}", f"{theirs:.3f}", f"{ratio:.2f}"])
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            csv.writer(file).writerows(
                [["n_steps", "n_rows", "scan_ms", "loop_ms", "ratio"], *rows]
            )


if __name__ == "__main__":
    main()
