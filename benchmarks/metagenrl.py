"""MetaGenRL: what new learners earn by the objective that was found, beside TD3 and nothing.

    python benchmarks/metagenrl.py --seeds 0 1 2 --steps 5000 --save metagenrl-{seed}.zip

Trains a population on RandomPendulum for so many steps of each learner, and appends to
`results/metagenrl.csv` the mean reward of a step in the last tenth of as many steps of new
learners, on pendulums of the test split: of policies that do not move, by the frozen objective
(without help of the critic), and of TD3 with the same networks. `share` is
(objective - untrained) / (TD3 - untrained); the wanted share is 0.25.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Any

import numpy as np
from results_table import append, begins
from whole_lives import SEED, error

from agents import MetaGenRL, evaluate

ID, LEARNERS, STILL = "meta/RandomPendulum-v0", 6, 1e-12


class TD3(MetaGenRL):
    """Learners whose policies climb their critics."""

    def _rule(self, venv: Any, training: bool = False) -> Any:
        return dataclasses.replace(super()._rule(venv, training), objective=None)


def last_tenth(agent: MetaGenRL, steps: int) -> np.ndarray:
    """Return the mean reward of a step in the last tenth of new learners' lives, [LEARNERS]."""
    curve = evaluate(agent, ID, steps=steps, bins=10, num_tasks=LEARNERS, seed=SEED)
    return curve.returns[:, -1] / (steps / 10)


def learn(seed: int, steps: int, save: str | None) -> None:
    """Learn an objective, and compare it."""
    agent = MetaGenRL("MlpPolicy", ID, seed=seed)
    start, done = time.perf_counter(), 0
    while done < steps:
        done = min(done + 500, steps)
        more = done * agent.n_envs - agent.num_timesteps
        agent.learn(more, reset_num_timesteps=agent.num_timesteps == 0, log_interval=None)
        print(seed, done, agent.latest, f"{time.perf_counter() - start:.0f} s", flush=True)
    seconds = time.perf_counter() - start
    if save:
        agent.save(save.format(seed=seed))
    td3 = TD3("MlpPolicy", ID, seed=seed)
    still = MetaGenRL("MlpPolicy", ID, seed=seed, learning_rate=STILL)
    found, by_critic, nothing = (last_tenth(one, steps) for one in (agent, td3, still))
    share = (found.mean() - nothing.mean()) / (by_critic.mean() - nothing.mean())
    append(
        "metagenrl.csv",
        "seed,steps,seconds,untrained,objective,objective_error,td3,share",
        [seed, steps, f"{seconds:.0f}"],
        [nothing.mean(), found.mean(), error(found), by_critic.mean(), share],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--save", help="where to save the agents, with {seed}")
    given = parser.parse_args()
    begins()
    for seed in given.seeds:
        learn(seed, given.steps, given.save)


if __name__ == "__main__":
    main()
