"""Checksums of short trainings and of play in every id: what a change must not alter.

    python -m benchmarks.guard record guard.json     on the commit before
    python -m benchmarks.guard compare guard.json    on the commit after; status 1 if a sum differs

Only public names are used, so that the same file runs on either commit. Sums hold on one machine
with one set of versions: floating-point results differ between processors.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import sys
from typing import Any

import gymnasium as gym
import numpy as np
import torch

import agents
import meta_envs

# Small, but through every branch that a user meets first: algorithm, policy, id, arguments, steps.
TRAININGS: dict[str, tuple[str, str, str, dict[str, Any], int]] = {
    "rl2": (
        "RL2", "GruPolicy", "meta/DependentBandit-v0",
        {"n_envs": 8, "n_trials": 2, "batch_size": 8, "n_epochs": 2, "env_kwargs": {"pulls": 10}},
        400,
    ),
    "rl2-chunks": (
        "RL2", "LstmPolicy", "meta/GridNavi-v0",
        {"n_envs": 4, "chunk_length": 10, "chunk_overlap": 5, "batch_size": 8, "n_epochs": 2}, 600,
    ),
    "rl2-trpo": (
        "RL2", "GruPolicy", "meta/GridNavi-v0",
        {"n_envs": 4, "outer": "trpo", "baseline": "linear"}, 600,
    ),
    "l2rl": (
        "L2RL", "LstmPolicy", "meta/DependentBandit-v0",
        {"n_envs": 8, "env_kwargs": {"pulls": 10}},
        400,
    ),
    "maml": (
        "MAML", "MlpPolicy", "meta/PointNavigation-v0",
        {"n_envs": 8, "rows_per_task": 4, "policy_kwargs": {"net_arch": (8, 8)}}, 8000,
    ),
    "promp": (
        "ProMP", "MlpPolicy", "meta/PointNavigation-v0",
        {"n_envs": 8, "rows_per_task": 4, "policy_kwargs": {"net_arch": (8, 8)}}, 8000,
    ),
    "pearl": (
        "PEARL", "MlpPolicy", "meta/PointGoal-v0",
        {"policy_kwargs": {"net_arch": (16, 16)}}, 3000,
    ),
    "varibad": ("VariBAD", "BeliefPolicy", "meta/GridNavi-v0", {"n_envs": 4}, 600),
}  # fmt: skip


def _digest(*arrays: np.ndarray) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def _leaves(tree: Any) -> list[np.ndarray]:
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in _leaves(tree[key])]
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [np.asarray(tree)]


def trained(name: str) -> str:
    """Return the checksum of all networks after a short training."""
    algorithm, policy, env_id, arguments, steps = TRAININGS[name]
    agent = getattr(agents, algorithm)(
        policy, env_id, preset=None, seed=0, device="cpu", **arguments
    ).learn(steps)
    parts = agent.get_parameters()
    networks = [
        value.detach().numpy()
        for part in sorted(parts)
        if "optimizer" not in part
        for _, value in sorted(parts[part].items())
    ]
    return _digest(*networks)


def played(env_id: str, rows: int = 3, steps: int = 200) -> str:
    """Return the checksum of some random steps of a batch."""
    venv = gym.make_vec(env_id, num_envs=rows)
    observations, infos = venv.reset(seed=7)
    seen = _leaves(observations) + _leaves(infos["task"])
    venv.action_space.seed(7)
    for _ in range(steps):
        observations, rewards, terminated, truncated, _ = venv.step(venv.action_space.sample())
        seen += [*_leaves(observations), rewards, terminated, truncated]
    venv.close()
    return _digest(*seen)


def sums(names: list[str]) -> dict[str, str]:
    """Return the checksums of trainings and ids, by name; what cannot be made here says why."""
    torch.set_num_threads(1)
    found = {}
    for name in names or [*TRAININGS, *meta_envs.list_distributions()]:
        try:
            found[name] = trained(name) if name in TRAININGS else played(name)
        except ImportError as missing:
            found[name] = f"not made: {missing}"
        print(f"{name}: {found[name]}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("record", "compare"))
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="trainings or ids; all of them if none is named")
    given = parser.parse_args()
    found = sums(given.names)
    if given.what == "record":
        given.file.write_text(json.dumps(found, indent=1) + "\n")
        return
    before = json.loads(given.file.read_text())
    changed = [name for name, value in found.items() if before.get(name) != value]
    print(f"{len(found) - len(changed)} equal, {len(changed)} differ: {changed}")
    sys.exit(bool(changed))


if __name__ == "__main__":
    main()
