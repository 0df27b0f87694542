"""DIAYN: learn skills, then play each and see how well they are told apart.

    python benchmarks/skills.py box --seeds 0 1 2
    python benchmarks/skills.py box-shuffled --seeds 0 1 2    # labels of other transitions: about 0
    python benchmarks/skills.py cheetah --seeds 0 --steps 60000
    python benchmarks/skills.py --velocities runs/benchmarks/skills/diayn-cheetah-s0.zip

Appends to `results/skills.csv`: the share of steps whose skill the discriminator names, the mean
reward as a share of log n, and distances between the skills' mean last states. Checkpoints are in
`runs/benchmarks/skills`: a training that was interrupted goes on from its last twentieth.
`--velocities` draws how fast each skill of a runner goes, as in figure 2 of the paper, into
`results/NAME.velocities.png`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from results_table import add, commit

from agents import DIAYN
from agents.core.learning.sac import Transitions
from agents.core.play.player import Player
from agents.core.play.rounds import rounds
from agents.diayn.update import Updater

RESULTS = Path(__file__).parent / "results"
RUNS = Path("runs", "benchmarks", "skills")
TABLE = RESULTS / "skills.csv"
_ROWS = 16  # episodes of each skill that are measured


class _Exchanged(Updater):
    """Gives the transitions of a batch each other's skills."""

    def _batch(self, rng: np.random.Generator) -> tuple[Transitions, torch.Tensor]:
        batch, skills = super()._batch(rng)
        return batch, skills[torch.from_numpy(rng.permutation(len(skills)))]


class Shuffled(DIAYN):
    """Learns from transitions with the skills of others: nothing can be told apart."""

    def _setup_model(self) -> None:
        super()._setup_model()
        self.updater = _Exchanged(self.policy, self.replay, self.settings)


BOX = {"bound": 1.0, "terminate": False, "max_episode_steps": 25}
ENTRIES: dict[str, dict[str, Any]] = {
    "box": {
        "agent": DIAYN,
        "id": "meta/PointNavigation-v0",
        "env_kwargs": BOX,
        "arguments": {},
        "steps": 60_000,
        "reference": "accuracy .9, share .85, distances .9 (mean) and .3 (least)",
    },
    "box-shuffled": {
        "agent": Shuffled,
        "id": "meta/PointNavigation-v0",
        "env_kwargs": BOX,
        "arguments": {},
        "steps": 60_000,
        "reference": "share within .05 of 0",
    },
    "cheetah": {
        "agent": DIAYN,
        "id": "meta/HalfCheetahVel-v0",
        "env_kwargs": {},
        "arguments": {"n_skills": 20, "updates_per_step": 0.5, "batch_size": 256},
        "steps": 400_000,
        "reference": "none; figure 2 of the paper",
    },
}


def measured(agent: DIAYN, env_id: str, env_kwargs: dict[str, Any]) -> dict[str, float]:
    """Play every skill, and return how well they are told apart."""
    venv = gym.make_vec(env_id, num_envs=_ROWS, **env_kwargs)
    right, paid, ends = [], [], []
    for number in range(agent.n_skills):
        loop = agent.skill(number).inner_loop(venv, seed=1000 + number)
        player = Player(venv, loop)
        player.reset(number)
        last = np.zeros((_ROWS, agent.policy.builder.observation_size))
        for step, rows, _ in rounds(player, 1):
            states = agent.policy.inputs(step.next_observation)
            with torch.no_grad():
                found = agent.policy.log_probabilities(states.to(agent.device))
            right += (found.argmax(dim=1) == number).tolist()
            paid += (found[:, number] + np.log(agent.n_skills)).tolist()
            last[rows] = states.numpy()
        ends.append(last.mean(axis=0))
    venv.close()
    apart = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(ends, 2)]
    return {
        "accuracy": round(float(np.mean(right)), 4),
        "reward_share": round(float(np.mean(paid) / np.log(agent.n_skills)), 4),
        "mean_distance": round(float(np.mean(apart)), 3),
        "least_distance": round(min(apart), 3),
    }


def trained(make: Any, cls: Any, path: Path, steps: int) -> tuple[Any, float]:
    """Train an agent in parts, each of which is saved, or go on from the last of them.

    Args:
        make: Makes the agent.
        cls: Its class.
        path: Checkpoint; the seconds so far are in a file beside it.
        steps: Timesteps in all.

    Returns:
        The agent, and the seconds that training took.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clock = path.with_suffix(".json")
    agent = cls.load(path) if path.exists() else make()
    seconds = float(json.loads(clock.read_text())) if path.exists() else 0.0
    while agent.num_timesteps < steps:
        started = time.perf_counter()
        part = min(max(steps // 20, 1), steps - agent.num_timesteps)
        agent.learn(part, reset_num_timesteps=False, log_interval=None)
        agent.save(path)
        seconds += time.perf_counter() - started
        clock.write_text(json.dumps(seconds))
        print(f"{path.stem}: {agent.num_timesteps:,} steps, {agent.latest}", flush=True)
    return agent, seconds


def run(name: str, seed: int, steps: int | None) -> None:
    """Train one seed, measure it, and write its row."""
    entry = ENTRIES[name]
    agent, seconds = trained(
        lambda: entry["agent"](
            "MlpPolicy",
            entry["id"],
            env_kwargs=entry["env_kwargs"],
            seed=seed,
            **entry["arguments"],
        ),
        entry["agent"],
        RUNS / f"diayn-{name}-s{seed}.zip",
        steps or entry["steps"],
    )
    row = {
        "commit": commit(dirty=True),
        "machine": platform.machine(),
        "entry": name,
        "id": entry["id"],
        "env_kwargs": entry["env_kwargs"],
        "n_skills": agent.n_skills,
        "seed": seed,
        "steps": agent.num_timesteps,
        "seconds": round(seconds),
        **measured(agent, entry["id"], entry["env_kwargs"]),
        "reference": entry["reference"],
    }
    add(TABLE, row)
    print(row, flush=True)


def draw_velocities(path: Path) -> Path:
    """Draw a histogram of a runner's speed for each of its skills; return the picture's path."""
    from matplotlib.figure import Figure

    agent = DIAYN.load(path)
    venv = gym.make_vec(str(agent.env_id), num_envs=_ROWS, **(agent.env_kwargs or {}))
    speeds = []
    for number in range(agent.n_skills):
        player = Player(venv, agent.skill(number).inner_loop(venv, seed=1000 + number))
        player.reset(number)
        speeds.append([step.infos["x_velocity"] for step, _, _ in rounds(player, 1)])
    venv.close()
    found = [np.concatenate(each) for each in speeds]
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    bins = np.linspace(min(map(np.min, found)), max(map(np.max, found)), 81)
    order = np.argsort([each.mean() for each in found])
    for place, number in enumerate(order):
        counts, _ = np.histogram(found[number], bins)
        height = place + 1.5 * counts / counts.max()
        axes.fill_between(bins[:-1], place, height, step="post", alpha=0.7, zorder=-place)
    axes.set_yticks(range(len(order)), [f"skill {number}" for number in order], fontsize=7)
    axes.set_xlabel(f"forward velocity, m/s ({_ROWS} episodes of each skill)")
    axes.set_title(f"{agent.env_id}: DIAYN after {agent.num_timesteps:,} steps", fontsize=10)
    drawn = RESULTS / f"{path.stem}.velocities.png"
    figure.savefig(drawn, dpi=90)
    return drawn


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=", ".join(ENTRIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entry's")
    parser.add_argument("--velocities", type=Path, help="a runner's checkpoint")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if unknown := sorted(set(arguments.entries) - set(ENTRIES)):
        parser.error(f"no entries {unknown}; there are {', '.join(ENTRIES)}")
    if arguments.velocities:
        print(draw_velocities(arguments.velocities))
    for name in arguments.entries:
        for seed in arguments.seeds:
            run(name, seed, arguments.steps)


if __name__ == "__main__":
    main()
