"""LPO: what evolving a drift gains, where it goes, and the formula that is read off it.

    python benchmarks/lpo.py learn --seeds 0 1 2 --generations 30 --save lpo-{seed}.zip
    python benchmarks/lpo.py transfer --agents lpo-0.zip lpo-1.zip lpo-2.zip
    python benchmarks/lpo.py temporal --seeds 0 1 2 --generations 30

`learn` appends to `results/lpo.csv` the mean return of learners after a training by the first
drift, by the last one and by PPO's, on the same 64 held-out levels; `gain_errors` is the gain over
its standard error (of the pairs' differences), of which at least 2 are wanted. `transfer` appends
to `results/lpo_transfer.csv` what PPO, DPO, the drift and a formula for it earn on CartPole, in the
last 50 episodes of 60,000 steps; of the formula 0.7 of DPO's is wanted. `temporal`
appends to `results/lpo_temporal.csv` what learners earn after lives of 10 and of 50 updates by a
drift that is told of them, by one that is not (both evolved on lives of 10 to 50) and by PPO's.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Any

import numpy as np
import torch
from results_table import append, begins
from whole_lives import error, lived

from agents import DPO, LPO, PPO
from agents.ppo.drift_network import DriftNetwork

ID, LEARNERS = "meta/TabularGrid-v0", 64
LEVEL = {"level": "sparse", "size": [5, 5], "steps": 25, "moves": 4}


def learn(seed: int, generations: int, save: str | None) -> None:
    """Evolve a drift, and compare it to the first one."""
    agent = LPO("MlpPolicy", ID, env_kwargs=LEVEL, seed=seed)
    first = agent.center
    start = time.perf_counter()
    for done in range(generations):
        agent.learn(1, reset_num_timesteps=done == 0, log_interval=None)
        seconds = time.perf_counter() - start
        print(seed, done, f"{agent.latest['ep_rew_mean']:.3f} {seconds:.0f} s", flush=True)
    if save:
        agent.save(save.format(seed=seed))
    rule = agent._make_rule(agent.network)
    ppo = dataclasses.replace(rule, drift=DriftNetwork(agent.drift_size, on_ppo=True))
    ways = ((rule, first), (rule, agent.center), (ppo, 0 * first))
    before, after, by_ppo = (lived(agent, *way, agent.life, LEARNERS) for way in ways)
    gain = after - before
    append(
        "lpo.csv",
        "seed,generations,steps,seconds,first,last,ppo,gain,gain_error,gain_errors",
        [seed, generations, agent.num_timesteps, f"{seconds:.0f}"],
        [before.mean(), after.mean(), by_ppo.mean(), gain.mean(), error(gain),
         gain.mean() / error(gain)],
    )  # fmt: skip


def temporal(seed: int, generations: int) -> None:
    """Evolve a drift on lives of 10 to 50 updates, told of their time and not."""
    for aware in (False, True):
        agent = LPO("MlpPolicy", ID, env_kwargs=LEVEL, seed=seed, temporal=aware, life=50 * 25,
                    shortest_life=10 * 25)  # fmt: skip
        start = time.perf_counter()
        for done in range(generations):
            agent.learn(1, reset_num_timesteps=done == 0, log_interval=None)
        seconds = time.perf_counter() - start
        network = DriftNetwork(agent.drift_size, on_ppo=True)
        none = torch.zeros(network.layout.size)
        found = []
        for updates in (10, 50):
            rule = dataclasses.replace(agent._make_rule(agent.network), lifetime=updates)
            ppo = dataclasses.replace(rule, drift=network)
            for way in ((rule, agent.center), (ppo, none)):
                found.append(lived(agent, *way, updates * 25, LEARNERS).mean())
        columns = "seed,generations,steps,seconds,temporal,after_10,ppo_10,after_50,ppo_50"
        first = [seed, generations, agent.num_timesteps, f"{seconds:.0f}", aware]
        append("lpo_temporal.csv", columns, first, found)


def transfer(path: str, seed: int, steps: int = 60_000) -> None:
    """Train on CartPole by four losses."""
    agent = LPO.load(path)
    formula = agent.formula()
    print(path, formula, flush=True)
    given: dict[str, Any] = {"seed": seed, "policy_kwargs": {"separate": ["value"]}}
    learners = {
        "ppo": PPO("MlpPolicy", "CartPole-v1", **given),
        "dpo": DPO("MlpPolicy", "CartPole-v1", **given),
        "lpo": PPO("MlpPolicy", "CartPole-v1", policy_loss=agent.policy_loss_found, **given),
        "formula": PPO("MlpPolicy", "CartPole-v1", policy_loss=formula, **given),
    }
    earned = []
    for learner in learners.values():
        learner.learn(steps, log_interval=None)
        earned.append(float(np.mean([one["r"] for one in list(learner.ep_info_buffer)[-50:]])))
    append("lpo_transfer.csv", f"agent,seed,steps,{','.join(learners)},text",
           [path.rpartition("/")[2], seed, steps], earned, [str(formula)])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("learn", "transfer", "temporal"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--generations", type=int, default=30)
    parser.add_argument("--save", help="where to save the agents, with {seed}")
    parser.add_argument("--agents", nargs="+", default=[])
    given = parser.parse_args()
    begins()
    if given.what == "transfer":
        for number, path in enumerate(given.agents):
            transfer(path, number)
        return
    for seed in given.seeds:
        if given.what == "temporal":
            temporal(seed, given.generations)
        else:
            learn(seed, given.generations, given.save)


if __name__ == "__main__":
    main()
