"""Memories beside each other: one trainer, one task, several cores; scores and steps a second.

    python benchmarks/memory.py gru snail transformer min_gru mann --seeds 0 1 2 --steps 600000
    python benchmarks/memory.py snail transformer --on gridnavi --steps 5000000

Trains on the dependent bandit of `--pulls` pulls, evaluates held-out tasks, and appends to
`results/memory.csv`. Scores are sums of the expected reward of each choice (of 100 pulls: random
50, optimum 73.779); on GridNavi, of all goals, a trial's return (optimum 37.214). Steps a second
are of training, and of acting alone; compare them within one run. `--pulls 20 --n-envs 128 --steps
81920` takes ten seconds of a core each.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from results_table import add, machine

import agents
from agents import Player, evaluate
from agents.rl2.presets import PRESETS

TABLE = Path(__file__).parent / "results" / "memory.csv"
BANDIT, GRID = "meta/DependentBandit-v0", "meta/GridNavi-v0"
# The outer loops of RL2's presets.
_OF_BANDIT = PRESETS["dependent-bandit"]["arguments"]
_OF_GRID = PRESETS["grid-navi"]["arguments"]
_SMALL = {"embedding_sizes": (32,), "hidden_size": 64}
_CONVOLUTIONS = {
    "embedding_sizes": (32,),
    "core_kwargs": {"filters": 8, "n_blocks": 2, "key_size": 16, "value_size": 16},
}
# name: agent, policy, its arguments
CORES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "gru": ("RL2", "GruPolicy", _SMALL),
    "snail": ("SNAIL", "SnailPolicy", _CONVOLUTIONS),
    "transformer": (
        *("RL2", "TransformerPolicy"),
        {**_SMALL, "hidden_size": 32, "core_kwargs": {"n_layers": 1}},
    ),
    "min_gru": ("RL2", "MinGruPolicy", _SMALL),
    "mann": ("RL2", "MannPolicy", _SMALL),
}


def main() -> None:
    """Train what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cores", nargs="+", choices=list(CORES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=600_000)
    parser.add_argument("--on", choices=("bandit", "gridnavi"), default="bandit")
    parser.add_argument("--pulls", type=int, default=100)
    parser.add_argument("--n-envs", type=int, help="64 on the bandit, 256 on GridNavi")
    parser.add_argument("--num-tasks", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for seed in arguments.seeds:
        for core in arguments.cores:
            run(core, seed, arguments)


def run(core: str, seed: int, arguments: argparse.Namespace) -> None:
    """Train, measure and record one core with one seed."""
    name, policy, network = CORES[core]
    bandit = arguments.on == "bandit"
    id, outer = (BANDIT, _OF_BANDIT) if bandit else (GRID, _OF_GRID)
    kwargs = {"pulls": arguments.pulls} if bandit else {"split": "all"}
    more = {**outer, "policy_kwargs": network, "env_kwargs": kwargs}
    if arguments.n_envs is not None:
        more["n_envs"] = arguments.n_envs
    agent = getattr(agents, name)(policy, id, seed=seed, preset=None, **more)
    started = time.process_time()
    agent.learn(arguments.steps)
    seconds = time.process_time() - started
    if arguments.save:
        agent.save(Path(arguments.save, f"{name}-{core}-{id.split('/')[1][:-3]}-{seed}.zip"))
    curve = evaluate(agent, id, env_kwargs=kwargs, num_tasks=arguments.num_tasks, seed=1)
    score, error = curve.total("expected_returns" if bandit else "returns")
    length = curve.rewards.shape[1] if curve.rewards is not None else arguments.pulls
    row = {
        "machine": machine(arguments.threads),
        "core": core,
        "id": id,
        "pulls": arguments.pulls if bandit else "",
        "seed": seed,
        "steps": agent.num_timesteps,
        "parameters": sum(one.numel() for one in agent.policy.parameters()),
        "train_steps_a_cpu_second": round(agent.num_timesteps / seconds),
        "acting_steps_a_cpu_second": round(acting_speed(agent, id, kwargs, length)),
        "num_tasks": arguments.num_tasks,
        "score": round(score, 3),
        "standard_error": round(error, 3),
    }
    add(TABLE, row)
    print(row, flush=True)


def acting_speed(agent: Any, id: str, kwargs: dict[str, Any], length: int) -> float:
    """Return steps a CPU second of 256 rows that only act, in two trials of `length` steps."""
    venv = gym.make_vec(id, num_envs=256, **kwargs)
    player = Player(venv, agent.inner_loop(venv, seed=0))
    player.reset(0)
    started, trials = time.process_time(), 2
    for _ in range(trials):
        player.loop.reset(np.arange(256))
        for _ in range(length):
            player.step()
    return 256 * length * trials / (time.process_time() - started)


if __name__ == "__main__":
    main()
