"""RL2's training throughput beside sb3-contrib's RecurrentPPO, on the same task and sizes.

    python benchmarks/throughput.py

Paired: the settings of both are run in turn, `--repeats` times. A ratio is of RL2's best median to
the best of RecurrentPPO's (Dummy or Subproc, one thread or two) with that number of environments.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
import warnings

import gymnasium as gym
import torch
from results_table import add

from agents import RL2
from meta_envs.wrappers import TrialWrapper

ID = "meta/DependentBandit-v0"
HIDDEN, EPOCHS, MINIBATCHES, LENGTH = 64, 4, 4, 100


def rl2(n_envs: int, steps: int) -> float:
    """Return environment steps a second of RL2, training included."""
    agent = RL2(
        "GruPolicy",
        ID,
        preset=None,
        n_envs=n_envs,
        batch_size=n_envs // MINIBATCHES,
        n_epochs=EPOCHS,
        policy_kwargs={"hidden_size": HIDDEN},
        seed=0,
    )
    agent.learn(n_envs * LENGTH)  # warm
    started = time.perf_counter()
    agent.learn(steps)
    return agent.num_timesteps / (time.perf_counter() - started)


def recurrent_ppo(n_envs: int, steps: int, subprocesses: bool) -> float:
    """Return environment steps a second of RecurrentPPO on TrialWrapper, training included."""
    from sb3_contrib import RecurrentPPO
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

    def make() -> gym.Env:
        import meta_envs  # noqa: F401  registers the ids in a subprocess

        return TrialWrapper(gym.make(ID, disable_env_checker=True))

    envs = (SubprocVecEnv if subprocesses else DummyVecEnv)([make] * n_envs)
    batch = n_envs * LENGTH // MINIBATCHES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        agent = RecurrentPPO(
            "MlpLstmPolicy",
            envs,
            n_steps=LENGTH,
            batch_size=batch,
            n_epochs=EPOCHS,
            policy_kwargs={"lstm_hidden_size": HIDDEN, "net_arch": [64], "shared_lstm": False},
            seed=0,
            device="cpu",
        )
    agent.learn(n_envs * LENGTH)
    started = time.perf_counter()
    agent.learn(steps)
    rate = agent.num_timesteps / (time.perf_counter() - started)
    envs.close()
    return rate


def main() -> None:
    """Measure both in turn and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    settings = {}
    for threads in (1, 2):
        for n_envs in (512, 2048):
            settings[f"RL2, {n_envs} rows, {threads} threads"] = (
                threads,
                lambda n=n_envs: rl2(n, 500_000),
            )
        for kind, counts in (("Dummy", (8, 32, 128)), ("Subproc", (8, 32))):
            for n_envs in counts:
                settings[f"RecurrentPPO, {kind}, {n_envs} envs, {threads} threads"] = (
                    threads,
                    lambda n=n_envs, sub=kind == "Subproc": recurrent_ppo(n, n * LENGTH * 2, sub),
                )
    rates: dict[str, list[float]] = {name: [] for name in settings}
    for _ in range(repeats):
        for name, (threads, measure) in settings.items():
            torch.set_num_threads(threads)
            rates[name].append(measure())
            print(f"{name:45s} {rates[name][-1]:10.0f} steps/s", flush=True)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ours = max(value for name, value in medians.items() if name.startswith("RL2"))
    ratios = {}
    for n_envs in (8, 32, 128):
        theirs = max(value for name, value in medians.items() if f", {n_envs} envs" in name)
        ratios[n_envs] = ours / theirs
        print(f"RL2 {ours:.0f}, RecurrentPPO with {n_envs} envs {theirs:.0f} steps/s: ", end="")
        print(f"ratio {ratios[n_envs]:.1f}")
    for name, values in rates.items():
        row = {
            "machine": f"{os.cpu_count()} cores {platform.machine()}",
            "what": name,
            "median": round(statistics.median(values), 1),
            "min": round(min(values), 1),
            "max": round(max(values), 1),
            "ratio": round(next((r for n, r in ratios.items() if f", {n} envs" in name), 1.0), 1),
        }
        add("throughput.csv", row)


if __name__ == "__main__":
    main()
