"""Recall: what an episodic memory is worth where contexts return, by visit.

    python benchmarks/recall.py --seeds 0 1 2 --steps 4000000
    python benchmarks/recall.py --seeds 0 --no-recall              # the ablation
    python benchmarks/recall.py --small --steps 368640             # a minute: see `_SMALL`

Trains `EpisodicLSTM` on `meta/RecurringBandit-v0` (ten contexts, each three times; ten pulls), and
appends to `results/recall.csv` the expected reward of an episode in a context's first, second and
third visit, in held-out tasks. Who knows the good arm earns 9.0, who looks for it as well as can be
6.61, who pulls at random 2.6.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import gymnasium as gym
import numpy as np
import torch
from results_table import add, machine

from agents import EpisodicLSTM, Player

TABLE = Path(__file__).parent / "results" / "recall.csv"
ID = "meta/RecurringBandit-v0"
_VISITS = 3
# Four contexts, three arms of which one always pays, four pulls: 4 with recall, 3 without at best.
_SMALL = {
    **{"arms": 3, "pulls": 4, "contexts": 4, "visits": _VISITS, "bits": 6},
    **{"p_good": 1.0, "p_other": 0.0, "episodes_per_trial": 12},
}
_OUTER = {
    **{"n_envs": 64, "learning_rate": 5e-3, "ent_coef": ("linear", 0.05, 0.0)},
    "policy_kwargs": {"hidden_size": 32},
}


def main() -> None:
    """Train what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=4_000_000)
    parser.add_argument("--no-recall", action="store_true", help="the ablation")
    parser.add_argument("--small", action="store_true", help="a task of a minute")
    parser.add_argument("--save", help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kwargs = _SMALL if arguments.small else {}
    for seed in arguments.seeds:
        more = dict(_OUTER) if arguments.small else {}
        if arguments.no_recall:
            more["policy_kwargs"] = {**more.get("policy_kwargs", {}), "recalls": False}
        agent = EpisodicLSTM("EpisodicLstmPolicy", ID, env_kwargs=kwargs, seed=seed, **more)
        started = time.process_time()
        agent.learn(arguments.steps)
        seconds = time.process_time() - started
        if arguments.save:
            name = "EpisodicLSTM-off" if arguments.no_recall else "EpisodicLSTM"
            agent.save(Path(arguments.save, f"{name}-RecurringBandit-{seed}.zip"))
        first, *later = by_visit(agent, kwargs)
        record(
            {
                "machine": machine(1),
                "task": "small" if arguments.small else "full",
                "recalls": not arguments.no_recall,
                "seed": seed,
                "steps": agent.num_timesteps,
                "train_cpu_seconds": round(seconds),
                "first": first,
                "second": later[0],
                "third": later[1],
            }
        )


def by_visit(agent: EpisodicLSTM, kwargs: dict, trials: int = 400) -> list[float]:
    """Return the expected reward of an episode in each visit, over held-out trials."""
    venv = gym.make_vec(ID, num_envs=trials, split="test", **kwargs)
    pulls, episodes = venv.unwrapped.pulls, venv.unwrapped.episodes_per_trial
    loop = agent.inner_loop(venv, seed=1)
    player = Player(venv, loop)
    player.reset(1)
    loop.reset()
    sums, counts = np.zeros(_VISITS), np.zeros(_VISITS)
    for _ in range(episodes * pulls):
        infos = player.step().infos
        for visit in range(_VISITS):
            here = infos["visit"] == visit
            sums[visit] += infos["expected_reward"][here].sum()
            counts[visit] += here.sum()
    return [round(float(value), 3) for value in pulls * sums / counts]


def record(row: dict) -> None:
    """Append a row to the table, and print it."""
    add(TABLE, row)
    print(row, flush=True)


if __name__ == "__main__":
    main()
