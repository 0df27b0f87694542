"""Change from episode to episode: who keeps up with thrusters that fail, or legs?

    python benchmarks/change.py continuous none tracking rl2 --seeds 0 1 2 --keep runs/kept
    python benchmarks/change.py going-on --seeds 0 1 2 --keep runs/kept
    python benchmarks/change.py continuous tracking still rl2 --id meta/CrippledAnt-v0 \
        --seeds 0 --steps 6000000 --threads 1 --keep runs/kept

`none` is ContinuousMAML without inner steps: PPO on all tasks, which does not adapt; `still` is the
same, trained as `tracking`, which with --keep it need not train again; `going-on` is `continuous`
that does not begin with the initial parameters in every episode. All train for the same number of
environment steps, and are evaluated on the held-out pairs, `--rows` episodes of a task side by side
(RL2 plays each by itself). Appends to `results/change.csv`: mean returns of the seven episodes, of
the last two with their standard error over tasks, and the learnt rates.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from results_table import append, begins

import agents
from agents import evaluate
from agents.baselines import Policy

COLUMNS = (
    "entry,agent,id,seed,steps,seconds,num_tasks,rows_per_task,episodes,last_two,standard_error,"
    "inner_lr,reference"
)
_REFERENCE = "episodes 6-7: continuous > none by 3 standard errors, >= tracking in 2 of 3 seeds"
ENTRIES: dict[str, dict[str, Any]] = {
    "continuous": {"agent": "ContinuousMAML", "policy": "MlpPolicy", "arguments": {}},
    # trained as the one above: with --keep, its agent is taken if it is there
    "going-on": {
        "agent": "ContinuousMAML",
        "policy": "MlpPolicy",
        "arguments": {"restart": False},
        "trained": "continuous",
    },
    "none": {
        "agent": "ContinuousMAML",
        "policy": "MlpPolicy",
        "arguments": {"inner_steps": 0, "exploration_coef": 0.0},
    },
    "tracking": {"agent": "PPOTracking", "policy": "MlpPolicy", "arguments": {}},
    "still": {
        "agent": "PPOTracking",
        "policy": "MlpPolicy",
        "arguments": {},
        "trained": "tracking",
        "adapts": False,
    },
    "rl2": {"agent": "RL2", "policy": "GruPolicy", "arguments": {}},
}


def run(name: str, seed: int, arguments: argparse.Namespace) -> None:
    """Train one seed, evaluate it on held-out pairs, and write a row."""
    entry = ENTRIES[name]
    made = getattr(agents, entry["agent"])
    kept = (arguments.keep or Path()) / f"{entry['agent']}-{entry.get('trained', name)}-{seed}.zip"
    start = time.perf_counter()
    if "trained" in entry and kept.is_file():
        agent = made.load(kept, **entry["arguments"])
    else:
        given = dict(entry["arguments"])
        if entry["agent"] == "ContinuousMAML":
            other = {"inner_lr": arguments.inner_lr, "vf_coef": arguments.vf_coef}
            given |= {one: value for one, value in other.items() if value is not None}
        if arguments.threads:
            given["env_kwargs"] = {"threads": arguments.threads}
        agent = made(entry["policy"], arguments.id, seed=seed, **given)
        agent.learn(arguments.steps)
        if arguments.keep is not None:
            agent.save(kept)
    seconds = time.perf_counter() - start
    player = agent if entry.get("adapts", True) else Policy(agent)
    curve = evaluate(
        player, arguments.id, num_tasks=arguments.num_tasks, rows_per_task=arguments.rows, seed=1
    )
    last = curve.returns[:, -2:].mean(axis=1)
    learner = getattr(agent, "learner", None)
    rates = [] if learner is None else [part.detach().mean() for part in learner.rates.rates[0]]
    row = [
        name, entry["agent"],
        arguments.id, seed, agent.num_timesteps, f"{seconds:.0f}", arguments.num_tasks,
        arguments.rows, " ".join(f"{value:.1f}" for value in curve.mean()), f"{last.mean():.2f}",
        f"{last.std(ddof=1) / np.sqrt(len(last)):.2f}", " ".join(f"{rate:.4f}" for rate in rates),
        _REFERENCE,
    ]  # fmt: skip
    append("change.csv", COLUMNS, row)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=ENTRIES)
    parser.add_argument("--id", default="meta/Thrusters-v0")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=3_840_000)
    parser.add_argument("--num-tasks", type=int, default=40)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--threads", type=int, help="of MuJoCo, in training")
    parser.add_argument("--inner-lr", type=float, help="first rates of ContinuousMAML's steps")
    parser.add_argument("--vf-coef", type=float, help="ContinuousMAML's weight of values")
    parser.add_argument("--keep", type=Path, help="save the agents in this folder")
    arguments = parser.parse_args()
    begins()
    for seed in arguments.seeds:
        for name in arguments.names:
            run(name, seed, arguments)


if __name__ == "__main__":
    main()
