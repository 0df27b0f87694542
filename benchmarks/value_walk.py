"""FRODO on the random walk: are learnt targets as good as TD(0)'s, and sooner right after a flip?

    python benchmarks/value_walk.py --episodes 1000 --flip-every 250

Learners of one kind play side by side, one row each, and predict: there is nothing to choose. The
error of a learner is the root mean square over the five states, at each episode's end. TD(0) is
tuned: the best of several step sizes, each with the same seeds, by the error that is compared.
Appends to `results/value_walk.csv`.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from results_table import add, command

import agents
from agents import Player
from meta_envs.core.rng import fold

ID = "meta/RandomWalk-v0"
TRUE = np.arange(1, 6) / 6  # values of the states if the right end pays 1
TABLE = Path(__file__).parent / "results" / "value_walk.csv"
FIGURES = ("error", "after_flips", "episodes_to_recover")
STEP_SIZES = (0.02, 0.05, 0.1, 0.2, 0.4)
N_STEPS = 8
COMMON = {
    **{"n_envs": 1, "n_steps": N_STEPS, "seed": 0, "optimizer": "sgd", "max_grad_norm": None},
    **{"vf_coef": 1.0, "policy_kwargs": {"torso": "table"}, "preset": None},
}


def td(seeds: int) -> tuple[Any, list[str]]:
    """Return TD(0) with every step size, `seeds` learners of each, and their names."""
    agent = agents.A2C("MlpPolicy", ID, gamma=1.0, gae_lambda=0.0, **COMMON)
    # the loss is a mean over the unroll's steps
    rates = torch.tensor(STEP_SIZES).repeat_interleave(seeds) * N_STEPS
    agent.rule = dataclasses.replace(agent.rule, learning_rate=rates)
    return agent, [f"TD(0) {size}" for size in STEP_SIZES for _ in range(seeds)]


def frodo(seeds: int, bootstrap: bool) -> tuple[Any, list[str]]:
    """Return FRODO, and the names of its learners."""
    agent = agents.FRODO(
        "MlpPolicy", ID, gamma=0.999, gae_lambda=1.0, learning_rate=0.1 * N_STEPS, inner_steps=1,
        target_width=16, bootstrap=bootstrap, meta_learning_rate=1e-2, **COMMON,
    )  # fmt: skip
    return agent, [f"FRODO bootstrap={bootstrap}"] * seeds


def errors(agent: Any, learners: int, episodes: int, flip_every: int, seed: int) -> np.ndarray:
    """Play, and return the error after each episode, [learners, episodes]."""
    venv = gym.make_vec(ID, num_envs=learners, episodes_per_trial=10**9, flip_every=flip_every)
    venv.set_tasks([{"paying": 1}] * learners)
    player = Player(venv, agent.inner_loop(venv, seed=fold(seed, "learners")))
    player.reset(fold(seed, "episodes"))
    states = torch.arange(7).expand(learners, 7)
    ended, found = np.zeros(learners, dtype=np.int64), np.full((learners, episodes), np.nan)
    while ended.min() < episodes:
        step = player.step()
        done = np.flatnonzero(step.terminated & (ended < episodes))
        if not len(done):
            continue
        outputs = agent.network.forward(player.loop.learners["policy"], states)
        values = outputs["value"][:, 1:6].detach().numpy()
        signs = 1 - 2 * (ended // flip_every % 2) if flip_every else np.ones(learners)
        wrong = values - signs[:, None] * TRUE
        found[done, ended[done]] = np.sqrt((wrong[done] ** 2).mean(axis=1))
        ended[done] += 1
    return found


def figures(error: np.ndarray, flip_every: int) -> tuple[float, float, float]:
    """Return the mean error of the second half, and after flips: the mean, and time to halve."""
    half = float(error[len(error) // 2 :].mean())
    if not flip_every:
        return half, np.nan, np.nan
    stretches = error[flip_every:].reshape(-1, flip_every).mean(axis=0)
    within = np.flatnonzero(stretches < 0.3)  # of about 1.2 just after a flip
    return half, float(stretches.mean()), float(within[0]) if len(within) else np.inf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("learners", nargs="+", choices=("td", "frodo", "frodo-bootstrap"))
    parser.add_argument("--seeds", type=int, default=3, help="learners of each kind")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--flip-every", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.flip_every and arguments.episodes % arguments.flip_every:
        parser.error("--episodes must be a multiple of --flip-every")
    for kind in arguments.learners:
        count = arguments.seeds
        agent, names = td(count) if kind == "td" else frodo(count, kind == "frodo-bootstrap")
        start = time.perf_counter()
        found = errors(
            agent, len(names), arguments.episodes, arguments.flip_every, arguments.first_seed
        )
        seconds = time.perf_counter() - start
        for index, (name, error) in enumerate(zip(names, found, strict=True)):
            values = [f"{value:.4f}" for value in figures(error, arguments.flip_every)]
            row = {
                "learner": name,
                "seed": arguments.first_seed + index % count,
                "episodes": arguments.episodes,
                "flip_every": arguments.flip_every,
                "seconds": f"{seconds:.0f}",
                **dict(zip(FIGURES, values, strict=True)),
            }
            add(TABLE, {"machine": platform.machine(), "command": command(), **row})
            print(*row.values(), flush=True)


if __name__ == "__main__":
    main()
