"""Meta-World: train, evaluate by the published protocol on both splits, append to a CSV.

    python benchmarks/manipulation.py scripted-ml10 random-ml10
    python benchmarks/manipulation.py rl2-reach rl2-push --seeds 0 1 2
    python benchmarks/manipulation.py maml-ml10 varibad-ml10 pearl-ml10 --goals 20
    python benchmarks/manipulation.py rl2-ml10 --goals 20 --num-envs 200  # start it again to go on
    python benchmarks/manipulation.py --summary

Ten episodes to adapt in and three that count, for every goal, none of which depends on which
episodes end first; success at any step of an episode; means over the goals of each environment,
then over environments. As in Meta-World's own evaluation, learners sample while they adapt and not
afterwards (with `--sampled` also then; column `deterministic`). Rows go to `results/metaworld.csv`;
success on both splits during training, measured on a few goals of each environment, to
`results/metaworld-*.progress.csv`; returns of training to `results/metaworld-*.training.csv`.
Checkpoints are in `runs/benchmarks/metaworld`: a training that was interrupted goes on from there,
and one that is complete is only evaluated. To run two at a time, give each a core:
`taskset -c 0 python ...`. (A file named metaworld.py would hide the package of that name.)
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch
from manipulation_entries import ENTRIES, figures, measured
from results_table import add, commit, machine
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

import agents
import meta_envs  # noqa: F401  registers the ids
from agents import SB3VecEnv, baselines
from meta_envs.core.rng import fold

RESULTS = Path(__file__).parent / "results"
RUNS = Path("runs", "benchmarks", "metaworld")
COLUMNS = (
    "date,commit,machine,entry,agent,id,env_kwargs,split,seed,steps,train_seconds,num_tasks,"
    "episodes,frozen_episodes,deterministic,success_first,success_last,success_frozen,"
    "standard_error,return_frozen,environments,reference"
).split(",")
_SAVE_EVERY = 60.0  # seconds
_MIXTURE_ENVS = 20


def main() -> None:
    """Run entries, or print the summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="*", choices=[*ENTRIES, []], help="which results")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, help="another budget than the entry's")
    parser.add_argument("--curve-every", type=int, default=500_000, help="steps; 0 draws no curve")
    parser.add_argument("--curve-goals", type=int, default=2, help="of an environment, in curves")
    parser.add_argument("--goals", type=int, default=50, help="of an environment, in the end")
    parser.add_argument(
        "--num-envs", type=int, default=100, help="rows an evaluation plays at once"
    )
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument(
        "--sampled", action="store_true", help="draw actions in the episodes that count too"
    )
    parser.add_argument("--splits", nargs="+", default=["train", "test"], help="to evaluate on")
    parser.add_argument("--summary", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.entries:
        for seed in arguments.seeds:
            run(name, seed, arguments)
    if arguments.summary:
        summarise()


def run(name: str, seed: int, arguments: argparse.Namespace) -> None:
    """Train one seed (or go on with it), evaluate it on both splits, write both rows."""
    entry = ENTRIES[name]
    steps = entry["steps"] if arguments.steps is None else arguments.steps
    agent, seconds = trained(name, seed, steps, arguments)
    for split in arguments.splits:
        curve = measured(
            entry, agent, split, arguments.goals, arguments.num_envs, arguments.sampled
        )
        print(curve, flush=True)
        row = {
            "machine": machine(arguments.threads),
            "entry": name,
            **{key: entry[key] for key in ("agent", "id", "env_kwargs", "reference")},
            "split": split,
            "seed": seed,
            "steps": getattr(agent, "num_timesteps", 0),
            "train_seconds": round(seconds, 1),
            **{
                key: curve.protocol[key]
                for key in ("num_tasks", "episodes", "frozen_episodes", "deterministic")
            },
            **figures(curve),
        }
        add("metaworld.csv", row, COLUMNS)


def trained(name: str, seed: int, steps: int, arguments: argparse.Namespace) -> tuple[Any, float]:
    """Return an agent that was trained for `steps`, and the seconds that took."""
    entry = ENTRIES[name]
    plain = {"random": baselines.Random, "scripted": baselines.Expert}
    if entry["agent"] in plain:
        return plain[entry["agent"]](), 0.0
    if entry["agent"] == "mixture":
        started = time.perf_counter()
        return mixture(entry, seed, steps), time.perf_counter() - started
    algorithm = getattr(agents, entry["agent"])
    policy = next(iter(algorithm.policy_aliases))
    path = RUNS / f"{name}-s{seed}.zip"
    record = Record(name, seed, path, arguments)
    if path.exists():
        agent = algorithm.load(path)
        record.go_on(agent.num_timesteps)
        print(f"{path}: going on after {agent.num_timesteps:,} steps", flush=True)
    else:
        agent = algorithm(
            policy,
            entry["id"],
            env_kwargs=dict(entry["env_kwargs"]),
            seed=seed,
            **entry.get("arguments", {}),
        )
        record.go_on(0)
    if agent.num_timesteps < steps:
        left = steps - agent.num_timesteps
        agent.learn(left, callback=record, reset_num_timesteps=False)
    return agent, record.seconds


def mixture(entry: dict[str, Any], seed: int, steps: int) -> Any:
    """Train SB3's PPO on the training tasks, which it cannot tell apart: the mixture."""
    venv = gym.make_vec(entry["id"], num_envs=_MIXTURE_ENVS, **entry["env_kwargs"])
    normalised = VecNormalize(SB3VecEnv(venv), gamma=0.99)
    normalised.seed(fold(seed, "environment"))
    model = PPO(
        "MlpPolicy",
        normalised,
        n_steps=500,
        batch_size=500,
        gamma=0.99,
        gae_lambda=0.95,
        policy_kwargs={"net_arch": [128, 128]},
        seed=seed,
        device="cpu",
    )
    model.learn(steps)
    normalised.training = False
    return model


class Record(BaseCallback):
    """Saves checkpoints, and writes how training goes; rows beyond a checkpoint are cut.

    Args:
        name: Name of the entry.
        seed: Seed of the training.
        path: Path of the checkpoint; seconds are in a file beside it.
        arguments: Arguments of the command line.
    """

    def __init__(self, name: str, seed: int, path: Path, arguments: argparse.Namespace):
        super().__init__()
        self.name, self.training_seed, self.path, self.arguments = name, seed, path, arguments
        self.curves = RESULTS / f"metaworld-{name}.progress.csv"
        self.returns = RESULTS / f"metaworld-{name}.training.csv"
        self.clock = path.with_suffix(".json")
        self.seconds, self.done = 0.0, 0
        self.since = self.saved = time.perf_counter()

    def go_on(self, steps: int) -> None:
        """Forget what was written after `steps`, from where training goes on."""
        if steps and self.clock.exists():
            self.seconds = float(json.loads(self.clock.read_text())["seconds"])
        self.done = steps // self.arguments.curve_every if self.arguments.curve_every else 0
        for path in (self.curves, self.returns):
            if path.exists():
                with path.open(newline="") as file:
                    head, *rows = csv.reader(file)
                mine = str(self.training_seed)
                kept = [row for row in rows if row[1] != mine or 0 < int(row[2]) <= steps]
                with path.open("w", newline="") as file:
                    csv.writer(file).writerows([head, *kept])

    def _on_training_start(self) -> None:
        self.since = self.saved = time.perf_counter()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self._at_boundary()

    def _on_training_end(self) -> None:
        self._at_boundary()
        self._save()

    def _at_boundary(self) -> None:
        """Record the result of an iteration."""
        if not self.model.latest:
            return  # nothing was learnt since the start
        steps = self.model.num_timesteps
        latest = self.model.latest
        row = {"commit": commit(), "seed": self.training_seed, "steps": steps}
        values = {key: latest.get(key, "") for key in ("trial_rew_mean", "success_rate")}
        _append({**row, **values}, self.returns)
        every = self.arguments.curve_every
        if every and steps // every > self.done:
            self.done = steps // every
            self._stop_the_clock()
            self._measure(row)
            self._save()  # last: a run interrupted while measuring measures again
        elif time.perf_counter() - self.saved > _SAVE_EVERY:
            self._save()

    def _save(self) -> None:
        self._stop_the_clock()
        self.model.save(self.path)
        self.clock.write_text(json.dumps({"seconds": self.seconds}))
        self.saved = time.perf_counter()

    def _stop_the_clock(self) -> None:
        now = time.perf_counter()
        self.seconds, self.since = self.seconds + now - self.since, now

    def _measure(self, row: dict[str, Any]) -> None:
        """Write success on both splits; it costs no training time."""
        entry, few = ENTRIES[self.name], self.arguments.curve_goals
        for split in ("train", "test"):
            curve = measured(entry, self.model, split, few, self.arguments.num_envs)
            found = figures(curve)
            line = {**row, "seconds": round(self.seconds), "split": split, "goals": few, **found}
            _append(line, self.curves)
            print({key: line[key] for key in ("steps", "split", "success_frozen")}, flush=True)
        self.since = time.perf_counter()


def _append(row: dict[str, Any], path: Path) -> None:
    """Append a row to a file of how training goes."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def summarise() -> None:
    """Print the newest row of every entry, split and seed, and its environments."""
    with (RESULTS / "metaworld.csv").open() as file:
        newest = {(row["entry"], row["split"], row["seed"]): row for row in csv.DictReader(file)}
    for (name, split, seed), row in newest.items():
        print(
            f"{name:16s} {split:5s} seed {seed} {int(row['steps']):>11,} steps: success "
            f"{row['success_first']} first, {row['success_last']} last, {row['success_frozen']} "
            f"+- {row['standard_error']} frozen [{row['reference']}]"
        )
        for label, success in json.loads(row["environments"]).items():
            print(f"    {label:32s} {success:.3f}")


if __name__ == "__main__":
    main()
