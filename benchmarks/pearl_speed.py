"""PEARL's gradient steps a second at the original release's sizes, beside SB3's SAC.

    python benchmarks/pearl_speed.py

The sizes are those of the release's `sparse-point-robot.json`: 16 tasks of 256 transitions,
contexts of 1,024 from the 1,000 that were collected last, layers of 300 (encoder: 200). SAC has the
same layers and number of transitions, and no encoder. All take turns in one run, `--repeats` times.
"From before" is autograd over torch's own products, as PEARL was computed at first. The release
itself does 4.0 gradient steps and 39 environment steps a second on such a machine (measured apart,
as it needs libraries of 2019): an iteration of it is 10,000 environment and 1,000 gradient steps.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from unittest import mock

import gymnasium as gym
import torch
from results_table import add, machine
from stable_baselines3 import SAC

from agents import PEARL
from agents.core.nets.kernels.fast_mlp import FastMlp

ID = "meta/SparsePoint-v0"
RELEASE = {"gradient steps": 4.0, "environment steps": 39.0}
META_BATCH, BATCH, WIDTHS = 16, 256, (300, 300, 300)
PRODUCT = "torch.mm, 4096 x 300 x 300, float32"  # says how fast the machine is at the moment
COLUMNS = (
    "machine,what,steps_a_second,min,max,of_sb3_sac,of_release,environment_steps_a_second"
).split(",")


def pearl(n_envs: int) -> PEARL:
    """Return an agent whose contexts are full: all tasks were played for 1,000 steps."""
    agent = PEARL(
        "MlpPolicy",
        ID,
        preset=None,
        n_envs=n_envs,
        n_train_tasks=80,
        n_initial_episodes=10,
        n_prior_episodes=5,
        n_posterior_episodes=45,
        n_extra_episodes=0,
        gradient_steps=1,
        meta_batch_size=META_BATCH,
        batch_size=BATCH,
        context_batch_size=1024,
        gamma=0.9,
        reward_scale=100.0,
        kl_coef=1.0,
        train_reward="dense_reward",
        policy_kwargs={"net_arch": WIDTHS, "encoder_arch": (200, 200, 200), "latent_size": 5},
        seed=0,
    )
    return agent.learn(1)


def sac() -> SAC:
    """Return Stable-Baselines3's SAC with transitions of one task to learn from."""
    env = gym.make(ID, reward="dense")
    agent = SAC(
        "MlpPolicy",
        env,
        batch_size=META_BATCH * BATCH,
        gamma=0.9,
        learning_starts=10**9,
        buffer_size=20_000,
        policy_kwargs={"net_arch": list(WIDTHS)},
        seed=0,
        device="cpu",
    )
    return agent.learn(5000)


def variants() -> dict[str, Callable[[int], None]]:
    """Return what takes the given number of gradient steps, by name; and a product, by itself."""
    agent, peer = pearl(n_envs=80), sac()
    left, right = torch.randn(META_BATCH * BATCH, WIDTHS[0]), torch.randn(WIDTHS[:2])

    def ours(precision: str) -> Callable[[int], None]:
        def run(count: int) -> None:
            agent.policy.core.precision = precision
            agent.updater.run(count, seed=1, learning_rate=3e-4)

        return run

    def before(count: int) -> None:
        plain = lambda net, inputs, precision="float32": net._by_autograd(inputs, precision)  # noqa: E731
        with mock.patch.object(FastMlp, "forward", plain):
            ours("float32")(count)

    return {
        "PEARL, bfloat16": ours("bfloat16"),
        "PEARL, float32": ours("float32"),
        "PEARL, from before": before,
        "SB3 SAC": lambda count: peer.train(count, META_BATCH * BATCH),
        PRODUCT: lambda count: [torch.mm(left, right) for _ in range(count)] and None,
    }


def collecting() -> float:
    """Return seconds that an iteration's 10,000 environment steps take, ten tasks at once."""
    agent = pearl(n_envs=10)
    started, steps = time.perf_counter(), agent.num_timesteps
    agent.learn(1, reset_num_timesteps=False)
    assert agent.num_timesteps - steps == 10_000
    return time.perf_counter() - started


def main() -> None:
    """Measure, print and append to the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8, help="gradient steps a turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    turns = variants()
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for repeat in range(arguments.repeats + 1):
        for name, run in turns.items():
            started = time.perf_counter()
            run(arguments.steps)
            if repeat:  # the first warms caches
                rates[name].append(arguments.steps / (time.perf_counter() - started))
    seconds = collecting()
    peer = statistics.median(rates["SB3 SAC"])
    for name, measured in rates.items():
        median = statistics.median(measured)
        row: dict[str, object] = {
            "machine": machine(arguments.threads),
            "what": name,
            "steps_a_second": round(median, 2),  # of gradient
            "min": round(min(measured), 2),
            "max": round(max(measured), 2),
        }
        if name != PRODUCT:
            row["of_sb3_sac"] = round(median / peer, 2)
        if name.startswith("PEARL"):
            row["of_release"] = round(median / RELEASE["gradient steps"], 2)
            row["environment_steps_a_second"] = round(10_000 / (seconds + 1000 / median), 1)
        add("pearl_speed.csv", row, COLUMNS)
        print(row)


if __name__ == "__main__":
    main()
