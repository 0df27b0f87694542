"""Learners that adapt their own learning: gamma, lambda, the entropy bonus, their targets.

    python benchmarks/meta_gradients.py two-colours --steps 1000000
    python benchmarks/meta_gradients.py noisy-chain --seeds 0 1 2

Appends to `results/meta_gradients.csv`, a measured number a row; what grows with time is in
`results/meta_gradients-ENTRY.csv`, written as it goes.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch

import agents
from agents import Player
from meta_envs.core.rng import fold

RESULTS = Path(__file__).parent / "results"
TABLE = RESULTS / "meta_gradients.csv"
COLUMNS = "date,commit,machine,command,entry,learner,id,seed,steps,seconds,measure,value,reference"
ENDLESS = 10**9


def record(entry: str, learner: str, id_: str, seed: int, steps: int, seconds: float, **measures):
    """Append measured numbers; a value may come as (value, reference)."""
    head = [
        datetime.date.today().isoformat(), _commit(), platform.machine(), " ".join(sys.argv[1:]),
        entry, learner, id_, seed, steps, f"{seconds:.0f}",
    ]  # fmt: skip
    rows = []
    for name, value in measures.items():
        value, reference = value if isinstance(value, tuple) else (value, "")
        rows.append([*head, name, f"{value:.4g}", reference])
    _append(TABLE, COLUMNS.split(","), rows)
    for row in rows:
        print(*row[4:], flush=True)


def _append(path: Path, columns: list[str], rows: list[list[Any]]) -> None:
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([columns, *rows] if fresh else rows)


def _commit() -> str:
    shown = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


# ---- BMG on two colours -------------------------------------------------------------------------

TWO_COLOURS = {
    **{"n_envs": 1, "n_steps": 16, "optimizer": "sgd", "learning_rate": 0.1, "gamma": 0.99},
    **{"gae_lambda": 1.0, "vf_coef": 1.0, "max_grad_norm": None, "preset": None},
    "policy_kwargs": {"net_arch": [256, 256], "separate": ["value"], "activation": "relu"},
}
ENTROPIES = (0.1, 0.3, 0.4)


def two_colours(arguments: argparse.Namespace) -> None:
    """BMG beside fixed entropy bonuses: all seeds are learners of two loops, side by side.

    Reference: Luketina et al. 2022, table 1: total reward 1.74 against 1.24 in 10,000,000 steps.
    """
    id_, seeds = "meta/TwoColours-v0", arguments.seeds
    bmg = agents.BMG("MlpPolicy", id_, seed=0, ent_coef=0.3, **TWO_COLOURS)
    fixed = agents.A2C("MlpPolicy", id_, seed=0, **TWO_COLOURS)
    each = torch.tensor(ENTROPIES).repeat_interleave(len(seeds))
    fixed.rule = dataclasses.replace(fixed.rule, ent_coef=each)
    players = {
        "BMG": _player(bmg, id_, len(seeds), arguments.first_seed),
        "A2C": _player(fixed, id_, len(each), arguments.first_seed + 10_000),
    }
    names = [("BMG", "learnt", seed) for seed in seeds]
    names += [("A2C", entropy, seed) for entropy in ENTROPIES for seed in seeds]
    totals, bins = {name: 0.0 for name in names}, RESULTS / "meta_gradients-two-colours.csv"
    start = time.perf_counter()
    width, steps = 10_000, 0
    while steps < arguments.steps:
        rewards = np.concatenate([_rewards(player, width) for player in players.values()])
        steps += width
        learnt = players["BMG"].loop.figures["ent_coef"]
        shown = [*learnt, *each.tolist()]
        rows = []
        for name, reward, bonus in zip(names, rewards, shown, strict=True):
            totals[name] += reward
            rows.append([*name, steps, f"{reward / width:.5f}", f"{bonus:.4f}"])
        _append(bins, "learner,ent_coef,seed,steps,reward,bonus".split(","), rows)
        if arguments.minutes and time.perf_counter() - start > 60 * arguments.minutes:
            break
    seconds = time.perf_counter() - start
    by_kind = {kind: [totals[name] for name in names if name[:2] == kind] for kind in dict.fromkeys(
        name[:2] for name in names
    )}  # fmt: skip
    best = max(np.mean(by_kind[("A2C", entropy)]) for entropy in ENTROPIES)
    for (learner, bonus, seed), total in totals.items():
        record("two-colours", f"{learner} {bonus}", id_, seed, steps, seconds, total_reward=total)
    ratio = np.mean(by_kind[("BMG", "learnt")]) / best
    record("two-colours", "BMG", id_, -1, steps, seconds, over_best_fixed=(ratio, "at least 1.25"))


def _player(agent: Any, id_: str, learners: int, seed: int) -> Player:
    """Return a player of new learners, one a row, whose trial never ends."""
    venv = gym.make_vec(id_, num_envs=learners, episodes_per_trial=ENDLESS)
    venv.set_tasks([{"paying": row % 2} for row in range(learners)])
    player = Player(venv, agent.inner_loop(venv, seed=fold(seed, "learners")))
    player.reset(fold(seed, "episodes"))
    return player


def _rewards(player: Player, steps: int) -> np.ndarray:
    """Play, and return each row's sum of rewards."""
    return np.sum([player.step().reward for _ in range(steps)], axis=0)


ENTRIES = {"two-colours": two_colours}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entry", choices=ENTRIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, help="stop after so many, with what there is")
    arguments = parser.parse_args()
    arguments.first_seed = 1000 + arguments.seeds[0]
    torch.set_num_threads(1)
    ENTRIES[arguments.entry](arguments)


if __name__ == "__main__":
    main()
