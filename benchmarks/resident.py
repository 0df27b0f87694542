"""Whether memory stays flat over long trainings: the resident size along 10 million steps.

    python benchmarks/resident.py rl2 a2c
    python benchmarks/resident.py rl2 --steps 1000000

A training with its log and a checkpoint every few seconds, as `metazoo train` runs it. The slope is
that of a line through the sizes in the second half, in KiB for a million steps; `grown` is how much
larger the largest size of the last tenth is than that of the sixth. Appends to
`results/resident.csv`; a growth below 2 MiB is wanted. Linux only, which says the size in /proc.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from results_table import append, begins
from stable_baselines3.common.callbacks import BaseCallback, CallbackList

import agents
from agents.core.saving.checkpoint_callback import CheckpointCallback
from agents.core.saving.run import Run
from agents.core.saving.writers import make_logger

TRAININGS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "rl2": (
        *("RL2", "GruPolicy", "meta/DependentBandit-v0"),
        {"n_envs": 128, "n_epochs": 1, "batch_size": None, "policy_kwargs": {"hidden_size": 16}},
    ),
    "a2c": (
        *("A2C", "MlpPolicy", "meta/RandomCartPole-v0"),
        {"n_envs": 256, "n_steps": 16, "policy_kwargs": {"net_arch": (32,)}},
    ),
}
_COLUMNS = "agent,id,steps,iterations,seconds,mib_at_tenths,grown_mib,slope_kib_per_million"
_SAMPLES = 1000


class _Sizes(BaseCallback):
    """Notes timesteps and the resident size in MiB, at a thousand iteration boundaries or fewer."""

    def __init__(self, steps: int):
        super().__init__()
        self.every, self.due, self.iterations = steps / _SAMPLES, 0.0, 0
        self.seen: list[tuple[int, float]] = []

    def _on_rollout_start(self) -> None:
        self.iterations += 1
        if self.num_timesteps >= self.due:
            self.due = self.num_timesteps + self.every
            self.seen.append((self.num_timesteps, resident()))

    def _on_step(self) -> bool:
        return True


def resident() -> float:
    """Return the resident size of this process in MiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def judged(seen: Sequence[tuple[int, float]]) -> tuple[list[float], float, float]:
    """Return the largest size of each tenth, the growth over the second half, and its slope.

    Args:
        seen: Timesteps and MiB, in order; at least two in the second half.

    Returns:
        MiB by tenth; MiB that the last tenth is above the sixth; KiB for a million steps.
    """
    steps, sizes = np.array(seen, dtype=np.float64).T
    place = np.minimum(steps / steps[-1] * 10, 9).astype(int)
    tenths = [float(sizes[place == one].max(initial=0.0)) for one in range(10)]
    later = steps >= steps[-1] / 2
    slope = float(np.polyfit(steps[later] / 1e6, sizes[later] * 1024, 1)[0])
    return tenths, tenths[9] - tenths[5], slope


def train(name: str, steps: int) -> None:
    """Train for so many steps, and append what was seen."""
    agent_name, policy, id, arguments = TRAININGS[name]
    agent = getattr(agents, agent_name)(policy, id, preset=None, seed=0, **arguments)
    sizes, began = _Sizes(steps), time.process_time()
    with tempfile.TemporaryDirectory() as root:
        run = Run.create(root, name, id, 0, {})
        agent.set_logger(make_logger(run.folder))
        agent.learn(steps, callback=CallbackList([sizes, CheckpointCallback(run, 5.0)]))
        agent.logger.close()
    tenths, grown, slope = judged(sizes.seen)
    shown = " ".join(f"{one:.1f}" for one in tenths)
    append(
        "resident.csv",
        _COLUMNS,
        [name, id, agent.num_timesteps, sizes.iterations, round(time.process_time() - began)],
        (),
        [shown, f"{grown:.3f}", f"{slope:.1f}"],
    )


def main() -> None:
    """Watch the trainings named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="+", choices=TRAININGS)
    parser.add_argument("--steps", type=int, default=10_000_000)
    given = parser.parse_args()
    begins()
    for name in given.names:
        train(name, given.steps)


if __name__ == "__main__":
    main()
