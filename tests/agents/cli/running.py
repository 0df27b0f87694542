"""Tiny trainings in-process, and how two of them are compared."""

from __future__ import annotations

import csv

import torch

from agents.cli.main import main
from agents.core.saving.checkpoint import read_checkpoint

ID = "meta/BernoulliBandit-v0"
TINY = [
    "--preset",
    "none",
    "--n-envs",
    "8",
    "--n-epochs",
    "2",
    "--policy-kwargs",
    "hidden_size=8",
    "--threads",
    "1",
]
STEPS = 80  # an iteration: 8 rows of 10 pulls


def train(root, *more, total=2 * STEPS, eval_tasks=0, seed=0):
    """Train two iterations in-process; return the exit code."""
    words = ["train", "rl2", ID, *TINY, "--root", str(root), "--seed", str(seed)]
    return main(
        [*words, "--total-timesteps", str(total), "--eval-tasks", str(eval_tasks), *map(str, more)]
    )


def assert_equal_ends(one, other):
    """Compare two checkpoints bit for bit, but for where their settings came from."""
    (data, tensors), (other_data, other_tensors) = read_checkpoint(one), read_checkpoint(other)
    assert data["progress"] == other_data["progress"]
    assert tensors.keys() == other_tensors.keys() >= {"policy", "policy.optimizer"}
    for group, named in tensors.items():
        for name, tensor in named.items():
            assert torch.equal(tensor, other_tensors[group][name]), (group, name)


def logged(run_folder):
    """Return the columns of a run's log that do not depend on the clock."""
    with open(run_folder / "progress.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    kept = [key for key in rows[0] if key == "time/total_timesteps" or "time/" not in key]
    return [{key: row[key] for key in kept} for row in rows]
