"""Environment steps a second of learners of one lifetime, updates included, beside another.

    python benchmarks/lifetimes_speed.py cartpole meta-gradient learners --repeats 5
    python benchmarks/lifetimes_speed.py pong --repeats 3 --steps 6400

Paired: the agents run in turn, with the same network, rows, steps between updates and therefore
updates. Appends to `results/lifetimes_speed.csv`: each agent's median, and its ratio to the first:
Stable-Baselines3's A2C, IMPALA for `meta-gradient`, a single learner for `learners`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium as gym
import torch
from results_table import append, begins
from stable_baselines3 import A2C
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

import agents

COLUMNS = "cores,entry,agent,rows,n_steps,repeats,steps_per_second,ratio"
N_STEPS = 20


def cartpole(name: str) -> Any:
    return getattr(agents, name)(
        "MlpPolicy", "meta/RandomCartPole-v0", preset=None, n_envs=64, n_steps=N_STEPS, seed=0,
        policy_kwargs={"net_arch": [64, 64], "separate": ["value"]},  # as SB3's MlpPolicy
    )  # fmt: skip


def sb3_cartpole() -> A2C:
    env = make_vec_env("CartPole-v1", n_envs=64, seed=0)  # a DummyVecEnv
    return A2C("MlpPolicy", env, n_steps=N_STEPS, seed=0, device="cpu")


PONG = {"game": "Pong"}


def pong(name: str) -> Any:
    return getattr(agents, name)(
        "CnnPolicy", "meta/Atari-v0", env_kwargs=PONG, preset=None, n_envs=32, n_steps=N_STEPS,
        seed=0,
    )  # fmt: skip


class Shallow(BaseFeaturesExtractor):
    """The same convolutions as `"CnnPolicy"` of ours, for Stable-Baselines3."""

    def __init__(self, observation_space: Any):
        super().__init__(observation_space, 256)
        layers = [nn.Conv2d(4, 16, 8, 4), nn.ReLU(), nn.Conv2d(16, 32, 4, 2), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 9 * 9, 256), nn.ReLU())

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return features [N, 256] of frames scaled by Stable-Baselines3."""
        return self.layers(frames)


def sb3_pong() -> A2C:
    env = agents.SB3VecEnv(gym.make_vec("meta/Atari-v0", num_envs=32, **PONG))  # ALE's own rows
    network = {"features_extractor_class": Shallow, "net_arch": []}
    return A2C("CnnPolicy", env, n_steps=N_STEPS, seed=0, device="cpu", policy_kwargs=network)


class Learners:
    """Learners of `MetaGradient` in one loop, eight rows each, as `measured` takes an agent.

    Args:
        count: How many.
    """

    def __init__(self, count: int):
        agent = agents.MetaGradient(
            "MlpPolicy", "meta/RandomCartPole-v0", preset=None, n_envs=8, n_steps=N_STEPS, seed=0,
            policy_kwargs={"net_arch": [64, 64], "separate": ["value"]},
        )  # fmt: skip
        self.n_envs, self.num_timesteps = 8 * count, 0
        venv = gym.make_vec("meta/RandomCartPole-v0", num_envs=self.n_envs)
        self.player = agents.Player(venv, agent.inner_loop(venv, rows_per_task=8, seed=0))
        self.player.reset(0)

    def learn(self, steps: int, **_: Any) -> None:
        """Play `steps` steps of all rows together, and learn on the way."""
        for _ in range(max(steps // self.n_envs, N_STEPS)):
            self.player.step()
            self.num_timesteps += self.n_envs


ENTRIES: dict[str, dict[str, Callable[[], Any]]] = {
    "cartpole": {"SB3:A2C": sb3_cartpole, "IMPALA": partial(cartpole, "IMPALA")},
    "pong": {"SB3:A2C": sb3_pong, "IMPALA": partial(pong, "IMPALA")},
    "meta-gradient": {name: partial(cartpole, name) for name in ("IMPALA", "MetaGradient")},
    "learners": {f"{count} MetaGradient": partial(Learners, count) for count in (1, 64)},
}


def measured(agent: Any, steps: int) -> float:
    """Return environment steps a second of `steps` steps of learning."""
    before, started = agent.num_timesteps, time.perf_counter()
    agent.learn(steps, log_interval=None, reset_num_timesteps=False)
    return (agent.num_timesteps - before) / (time.perf_counter() - started)


def run(entry: str, repeats: int, steps: int) -> None:
    made = {name: make() for name, make in ENTRIES[entry].items()}
    for agent in made.values():
        agent.learn(agent.n_envs * N_STEPS * 2, log_interval=None)  # warm
    rates: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(repeats):
        for name, agent in made.items():
            rates[name].append(measured(agent, steps))
    for name, found in rates.items():
        pairs = zip(found, rates[next(iter(made))], strict=True)
        ratio = statistics.median(one / beside for one, beside in pairs)
        row = [
            os.cpu_count(), entry, name, made[name].n_envs, N_STEPS, repeats,
            f"{statistics.median(found):.0f}", f"{ratio:.2f}",
        ]  # fmt: skip
        append("lifetimes_speed.csv", COLUMNS, row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50_000, help="of each measurement")
    arguments = parser.parse_args()
    begins()
    for entry in arguments.entries:
        run(entry, arguments.repeats, arguments.steps)


if __name__ == "__main__":
    main()
