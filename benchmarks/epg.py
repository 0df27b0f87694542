"""EPG: what learners earn by the loss that was found, beside PPO and learning nothing.

    python benchmarks/epg.py point --seeds 0 1 2 --generations 300
    python benchmarks/epg.py pendulum --seeds 0 1 2 --generations 220
    python benchmarks/epg.py hopper --seeds 0 --generations 300 --save epg-hopper-{seed}.zip

Appends to `results/epg.csv` the mean return after a training of as many steps, on the same held-out
tasks: of untrained policies (with its standard error), by the loss, and by PPO (the best of three
learning rates). `share` is (loss - untrained) / (PPO - untrained); the wanted share is 0.7.
`point` and `hopper` see rewards at test, `pendulum` does not. `hopper` takes hours.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Any

from results_table import append, begins
from whole_lives import error, lived

from agents import EPG, PPO

ENTRIES: dict[str, dict[str, Any]] = {
    "point": {"id": "meta/PointGoal-v0", "arguments": {}},
    "pendulum": {"id": "meta/RandomPendulum-v0", "arguments": {}},
    "hopper": {"id": "meta/RandomHopper-v0", "arguments": {"preset": None, "population": 16}},
}
LEARNERS = 64
RATES = (1e-3, 3e-3, 1e-2)  # of PPO


def ppo_rules(agent: EPG) -> dict[float, Any]:
    """Return PPO with the network and the unrolls of EPG's learners, by learning rate."""
    given = {"env_kwargs": agent.env_kwargs, "policy_kwargs": agent.policy_kwargs}
    more = {"n_envs": 1, "n_steps": agent.n_steps, "n_minibatches": 1}
    probe = PPO("MlpPolicy", agent.env_id, **given, **more)
    rule = dataclasses.replace(probe.rule, network=agent.network, ent_coef=0.0)
    return {rate: dataclasses.replace(rule, learning_rate=rate) for rate in RATES}


def learn(entry: str, seed: int, given: argparse.Namespace) -> None:
    """Evolve a loss, and compare it."""
    generations, save = given.generations, given.save
    arguments = dict(ENTRIES[entry]["arguments"])
    if given.population is not None:
        arguments["population"] = given.population
    agent = EPG("MlpPolicy", ENTRIES[entry]["id"], seed=seed, **arguments)
    start = time.perf_counter()
    for done in range(generations):
        agent.learn(1, reset_num_timesteps=done == 0, log_interval=None)
        shown = f"{agent.latest['ep_rew_mean']:.2f} {time.perf_counter() - start:.0f} s"
        print(entry, seed, done, shown, flush=True)
    seconds = time.perf_counter() - start
    if save:
        agent.save(save.format(seed=seed))
    rule = agent._make_rule(agent.network)
    ways = {"untrained": (rule, 0), "loss": (rule, agent.life)}
    ways |= {rate: (one, agent.life) for rate, one in ppo_rules(agent).items()}
    earned = {
        name: lived(agent, one, agent.center, steps, LEARNERS)
        for name, (one, steps) in ways.items()
    }
    nothing, loss = earned.pop("untrained"), earned.pop("loss")
    rate = max(earned, key=lambda one: earned[one].mean())
    ppo = earned[rate].mean()
    append(
        "epg.csv",
        "entry,seed,generations,steps,seconds,untrained,untrained_error,loss,loss_error,ppo,share,"
        "ppo_rate",
        [entry, seed, generations, agent.num_timesteps, f"{seconds:.0f}"],
        [nothing.mean(), error(nothing), loss.mean(), error(loss), ppo,
         (loss.mean() - nothing.mean()) / (ppo - nothing.mean())],
        [rate],
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entry", choices=tuple(ENTRIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--generations", type=int, default=60)
    parser.add_argument("--population", type=int, help="another than the preset's")
    parser.add_argument("--save", help="where to save the agents, with {seed}")
    given = parser.parse_args()
    begins()
    for seed in given.seeds:
        learn(given.entry, seed, given)


if __name__ == "__main__":
    main()
