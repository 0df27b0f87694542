"""LPO: what evolving a drift gains, where it goes, and the formula that is read off it.

    python benchmarks/lpo.py learn --seeds 0 1 2 --generations 30 --save lpo-{seed}.zip
    python benchmarks/lpo.py transfer --agents lpo-0.zip lpo-1.zip lpo-2.zip

`learn` appends to `results/lpo.csv` the mean return of learners after a training by the first
drift, by the last one and by PPO's, on the same 64 held-out levels; `gain_errors` is the gain over
its standard error (of the pairs' differences), of which at least 2 are wanted. `transfer` appends
to `results/lpo_transfer.csv` what PPO, DPO, the drift and a formula for it earn on CartPole, in the
last 50 episodes of 60,000 steps; of the formula 0.7 of DPO's is wanted.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Any

import numpy as np
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
    parser.add_argument("what", choices=("learn", "transfer"))
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
        learn(seed, given.generations, given.save)


if __name__ == "__main__":
    main()
