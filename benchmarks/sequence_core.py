"""Time the recurrent kernels against torch's own, in one run, taking turns.

    python benchmarks/sequence_core.py [--threads 1 2] [--repeats 15]

Prints milliseconds (minimum over repeats) and the ratio theirs / ours: a training pass (forward and
backward), a forward pass without gradients, and one step without gradients against torch's cell.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn

from agents.core.nets.kernels import recurrent as kernels

SHAPES = [(100, 512, 64, 64), (60, 128, 64, 128), (100, 128, 64, 64), (10, 512, 64, 64)]


def fastest(functions: list[Callable[[], object]], repeats: int) -> list[float]:
    """Return each function's fastest time in ms; they take turns: a busy machine hits all alike."""
    times: list[list[float]] = [[] for _ in functions]
    for repeat in range(repeats + 2):
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            if repeat >= 2:  # the first two warm caches and the allocator
                record.append((time.perf_counter() - start) * 1e3)
    return [min(record) for record in times]


def cases(name: str, n_steps: int, n_rows: int, n_inputs: int, n_hidden: int) -> dict:
    """Return {case: (ours, theirs)} as functions without arguments, on the same parameters."""
    gru = name == "GRU"
    peer = (nn.GRU if gru else nn.LSTM)(n_inputs, n_hidden)
    weights = list(peer.parameters())
    step = kernels.gru_step if gru else kernels.lstm_step
    inputs = torch.randn(n_steps, n_rows, n_inputs, requires_grad=True)
    weight = torch.randn(n_steps, n_rows, n_hidden)
    state = torch.zeros(n_rows, n_hidden * (1 if gru else 2))
    hidden = state if gru else state.chunk(2, 1)
    cell: Callable = torch.gru_cell if gru else torch.lstm_cell

    def train_ours() -> None:
        torch.autograd.grad(
            kernels.GRUSequence.apply(inputs, state, None, *weights)[0], wrt, weight
        )

    def train_theirs() -> None:
        torch.autograd.grad(peer(inputs)[0], wrt, weight)

    wrt = [inputs, *weights]
    quiet = torch.no_grad()
    steps = {
        "one step": (
            quiet(lambda: step(inputs[0], state, *weights)),
            quiet(lambda: cell(inputs[0], hidden, *weights)),
        )
    }
    if not gru:  # sequences stay with nn.LSTM: a kernel written like the GRU's was no faster
        return steps
    return steps | {
        "training pass": (train_ours, train_theirs),
        "forward only": (
            quiet(lambda: kernels.GRUSequence.apply(inputs, state, None, *weights)),
            quiet(lambda: peer(inputs)),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    print("threads core  T    B    I    H    case            ours ms  torch ms  ratio")
    for n_threads in arguments.threads:
        torch.set_num_threads(n_threads)
        for shape in SHAPES:
            for name in ("GRU", "LSTM"):
                for case, pair in cases(name, *shape).items():
                    ours, theirs = fastest(list(pair), arguments.repeats)
                    sizes = " ".join(f"{size:<4d}" for size in shape)
                    timing = f"{ours:8.3f} {theirs:9.3f} {theirs / ours:6.2f}"
                    print(f"{n_threads:<7d} {name:5s} {sizes} {case:15s} {timing}", flush=True)


if __name__ == "__main__":
    main()
