"""Episodic control: episodes until it plays as it should, beside a deep Q-network.

    python benchmarks/episodic.py mfec-catch nec-catch mfec-dark nec-dark dqn-catch dqn-dark

One lifetime a seed, in one row. `reached` is the first episode at whose end the mean return of the
last 20 is at least 95 % of the best possible (of the way from chance, on Catch); empty if none is.
`repeated` is the share of first successes in the dark room (over 10 tasks, without random actions)
whose next episode earns at least as much. Rows go to `results/episodic.csv`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import gymnasium as gym
import numpy as np
import torch
from results_table import add, machine
from stable_baselines3 import DQN
from stable_baselines3.common.monitor import Monitor

import agents
from agents import evaluate

TABLE = Path(__file__).parent / "results" / "episodic.csv"
CATCH = ("meta/Catch-v0", {})
DARK = ("meta/DarkRoom-v0", {"size": 7, "steps": 20})
ENTRIES = {
    "mfec-catch": ("MFEC", "ProjectionPolicy", *CATCH, 200),
    "nec-catch": ("NEC", "MlpPolicy", *CATCH, 300),
    "dqn-catch": ("DQN", "MlpPolicy", *CATCH, 3000),
    "mfec-dark": ("MFEC", "ProjectionPolicy", *DARK, 200),
    "nec-dark": ("NEC", "MlpPolicy", *DARK, 300),
    "dqn-dark": ("DQN", "MlpPolicy", *DARK, 3000),
}
_WINDOW = 20


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=list(ENTRIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--save", help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.entries:
        for seed in arguments.seeds:
            run(name, seed, arguments.save)


def run(name: str, seed: int, save: str | None) -> None:
    """Live one life, and record it."""
    which, policy, env, kwargs, episodes = ENTRIES[name]
    best = best_return(env, kwargs, seed)
    started = time.process_time()
    if which == "DQN":
        returns = deep_q(policy, env, kwargs, seed, episodes)
    else:
        returns = live(which, policy, env, kwargs, seed, episodes, save)
    seconds = time.process_time() - started
    chance = -0.6 if env == "meta/Catch-v0" else 0.0
    enough = chance + 0.95 * (best - chance)
    means = np.convolve(returns, np.ones(_WINDOW) / _WINDOW, mode="valid")
    over = np.flatnonzero(means >= enough)
    row = {
        "machine": machine(1),
        "entry": name,
        "id": env,
        "env_kwargs": kwargs,
        "seed": seed,
        "episodes": len(returns),
        "reached": int(over[0]) + _WINDOW if len(over) else "",
        "last_20": round(float(means[-1]), 3),
        "best": best,
        "repeated": repeated(seed) if name == "mfec-dark" else "",
        "cpu_seconds": round(seconds, 1),
    }
    add(TABLE, row)
    print(row, flush=True)


def task_of(env: str, kwargs: dict, seed: int) -> dict:
    """Return the task of a seed."""
    return gym.make(env, **kwargs).unwrapped.sample_task(seed=100 + seed)


def best_return(env: str, kwargs: dict, seed: int) -> float:
    """Return what an episode of the seed's task pays at most."""
    if env == "meta/Catch-v0":
        return 1.0
    middle = kwargs["size"] // 2
    distance = int(np.abs(task_of(env, kwargs, seed)["goal"] - middle).sum())
    return float(kwargs["steps"] + 1 - distance)


def live(
    which: str, policy: str, env: str, kwargs: dict, seed: int, episodes: int, save: str | None
) -> np.ndarray:
    """Return the returns of an agent's first episodes."""
    task = task_of(env, kwargs, seed)
    agent = getattr(agents, which)(policy, env, env_kwargs=kwargs, task=task, seed=seed)
    length = 9 if env == "meta/Catch-v0" else kwargs["steps"]
    returns: list[float] = []

    def note(local: dict, _: dict) -> bool:
        returns.extend(one["episode"]["r"] for one in local["infos"] if "episode" in one)
        return True

    agent.learn(episodes * length, callback=note)
    if save:
        agent.save(Path(save, f"{which}-{env.split('/')[1]}-{seed}.zip"))
    return np.array(returns)


def deep_q(policy: str, env: str, kwargs: dict, seed: int, episodes: int) -> np.ndarray:
    """Return the returns of Stable-Baselines3's DQN with settings for small problems."""
    made = gym.make(env, episodes_per_trial=10**9, **kwargs)
    made.unwrapped.set_task(task_of(env, kwargs, seed))
    watched = Monitor(made)
    length = 9 if env == "meta/Catch-v0" else kwargs["steps"]
    model = DQN(
        policy, watched, learning_rate=1e-3, learning_starts=100, train_freq=1, batch_size=32,
        target_update_interval=200, exploration_fraction=0.05, exploration_final_eps=0.01,
        policy_kwargs={"net_arch": [64, 64]}, seed=seed, device="cpu",
    )  # fmt: skip
    model.learn(episodes * length)
    return np.array(watched.get_episode_rewards())


def repeated(seed: int) -> float:
    """Return how often a first success in the dark is repeated in the next episode."""
    env, kwargs = DARK
    agent = agents.MFEC("ProjectionPolicy", env, seed=seed, env_kwargs=kwargs,
                        exploration_initial_eps=0.0, exploration_final_eps=0.0)  # fmt: skip
    curve = evaluate(agent, env, env_kwargs=kwargs, num_tasks=10, episodes=30, seed=seed)
    held = []
    for returns in curve.returns:
        first = int(np.argmax(returns > 0))
        if returns[first] > 0 and first + 1 < len(returns):
            held.append(returns[first + 1] >= returns[first])
    return round(float(np.mean(held)), 3)


if __name__ == "__main__":
    main()
