"""Learners that adapt their own learning: gamma, lambda, the entropy bonus, their targets.

    python benchmarks/meta_gradients.py two-colours --steps 5000000 --state runs/colours.pickle
    python benchmarks/meta_gradients.py q-two-colours --steps 1000000
    python benchmarks/meta_gradients.py noisy-chain --steps 100000 --seeds 0 1 2
    python benchmarks/meta_gradients.py bad-start --steps 300000 --seeds 10 11 12

Appends to `results/meta_gradients.csv`, a measured number a row; what grows with time is in
`results/meta_gradients-ENTRY.csv`, written as it goes. Two colours take two processes.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np
import torch
from colours import q_two_colours, two_colours
from many_learners import player_of, record, returns_of_episodes

import agents

# ---- MetaGradient: gamma of states, and gamma from a bad start ----------------------------------

CHAIN = {
    **{"eta": ("gamma",), "gamma": 0.5, "gae_lambda": 1.0, "outer_gamma": 1.0, "outer_lambda": 1.0},
    **{"state_dependent": True, "embedding": 0, "optimizer": "sgd", "learning_rate": 0.5},
    **{"vf_coef": 1.0, "max_grad_norm": None, "n_steps": 10, "meta_learning_rate": 5e-3},
    **{"policy_kwargs": {"torso": "table"}, "preset": None},
}
CHAIN_ROWS = 1  # the mean of several rows holds less noise to look past


def noisy_chain(arguments: argparse.Namespace) -> None:
    """The discount of each state of a chain; every seed is a learner, with its own noise."""
    id_, seeds = "meta/NoisyChain-v0", arguments.seeds
    agent = agents.MetaGradient("MlpPolicy", id_, seed=0, **CHAIN)
    tasks = [{"disturbed": row % 2} for row in range(len(seeds))]
    player = player_of(agent, id_, tasks, CHAIN_ROWS, arguments.first_seed)
    start = time.perf_counter()
    for _ in range(arguments.steps // CHAIN_ROWS):
        player.step()
    seconds = time.perf_counter() - start
    gammas = agent.rule.meta.values(player.loop.learners["eta"])["gamma"].numpy()
    for seed, task, gamma in zip(seeds, tasks, gammas, strict=True):
        inside = gamma[:9]  # what is left last is followed by nothing
        noise, signal = inside[task["disturbed"] :: 2], inside[1 - task["disturbed"] :: 2]
        gap = float(noise.mean() - signal.mean())
        record(
            "noisy-chain", "MetaGradient", id_, seed, arguments.steps, seconds,
            gamma_leaving_noise=float(noise.mean()), gamma_leaving_signal=float(signal.mean()),
            gap=(gap, "at least 0.15; a prototype .65 - .36"),
        )  # fmt: skip


DELAYED = {
    **{"n_envs": 16, "n_steps": 10, "learning_rate": 2e-3, "preset": None, "seed": 0},
    "policy_kwargs": {"net_arch": [64]},
}
LATE = {"length": 15, "correct": 1}  # the first action is paid fifteen steps later
BAD_START, FIXED = 0.5, (0.5, 0.9, 0.99)


def bad_start(arguments: argparse.Namespace) -> None:
    """Gamma learnt from .5 beside fixed ones; all of a kind are learners of one loop."""
    id_, seeds, rows = "meta/DelayedChain-v0", arguments.seeds, DELAYED["n_envs"]
    learnt = agents.MetaGradient(
        "MlpPolicy", id_, eta=("gamma",), gamma=BAD_START, outer_gamma=0.99,
        meta_learning_rate=1e-2, **DELAYED,
    )  # fmt: skip
    fixed = agents.A2C("MlpPolicy", id_, **DELAYED)
    each = torch.tensor(FIXED).repeat_interleave(len(seeds))
    fixed.rule = dataclasses.replace(fixed.rule, gamma=each[:, None])
    found = {}
    for name, agent, count in (("learnt", learnt, len(seeds)), ("fixed", fixed, len(each))):
        player = player_of(agent, id_, [LATE] * count, rows, arguments.first_seed)
        start = time.perf_counter()
        steps = arguments.steps // rows
        returns_of_episodes(player, steps - steps // 5, count)
        found[name] = returns_of_episodes(player, steps // 5, count)  # the last fifth counts
        seconds = time.perf_counter() - start
        if name == "learnt":
            gammas = player.loop.figures["gamma"]
    for seed, returns, gamma in zip(seeds, found["learnt"], gammas, strict=True):
        record(
            "bad-start", "MetaGradient .5", id_, seed, arguments.steps, seconds,
            return_last_fifth=returns, gamma=(float(gamma), "above 0.7"),
        )  # fmt: skip
    names = [(gamma, seed) for gamma in FIXED for seed in seeds]
    for (gamma, seed), returns in zip(names, found["fixed"], strict=True):
        record(
            "bad-start", f"A2C {gamma}", id_, seed, arguments.steps, seconds,
            return_last_fifth=returns,
        )  # fmt: skip
    one, other = np.array(found["learnt"]), np.array(found["fixed"][: len(seeds)])
    error = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / len(seeds))
    record(
        "bad-start", "MetaGradient .5", id_, -1, arguments.steps, seconds,
        over_fixed_in_standard_errors=((one.mean() - other.mean()) / error, "at least 3"),
    )  # fmt: skip


ENTRIES = {
    **{"two-colours": two_colours, "q-two-colours": q_two_colours},
    **{"noisy-chain": noisy_chain, "bad-start": bad_start},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entry", choices=ENTRIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, help="stop after so many, with what there is")
    help_ = "of two colours: a pickle of your own (reading one runs code), written as it goes, and "
    help_ += "gone on from if it is there"
    parser.add_argument("--state", type=Path, help=help_)
    arguments = parser.parse_args()
    arguments.first_seed = 1000 + arguments.seeds[0]
    torch.set_num_threads(1)
    ENTRIES[arguments.entry](arguments)


if __name__ == "__main__":
    main()
