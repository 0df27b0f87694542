"""Learning results: train with the preset, evaluate on held-out tasks, append to a CSV.

    python benchmarks/learning.py rl2-dependent --seeds 0 1 2

Scores are sums of the expected reward of each choice where the environment knows it, else returns;
the standard error is over tasks. `python benchmarks/learning.py --summary` prints a table by entry.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import belief
import numpy as np
import torch
from results_table import add, commit, machine
from stable_baselines3.common.callbacks import BaseCallback

import agents
from agents import evaluate
from agents.core.evaluation.play import Play

RESULTS = Path(__file__).parent / "results"
TABLE = RESULTS / "learning.csv"
COLUMNS = (
    "date,commit,machine,entry,agent,id,env_kwargs,split,seed,steps,train_seconds,num_tasks,"
    "deterministic,score,standard_error,episodes,reference"
).split(",")

ENTRIES = {
    "rl2-dependent": {
        "agent": "RL2",
        "id": "meta/DependentBandit-v0",
        "steps": 3_000_000,
        "reference": "at least 73.4; Bayes-optimal 73.779",
    },
    "rl2-bernoulli-k5-n10": {
        "agent": "RL2",
        "id": "meta/BernoulliBandit-v0",
        "env_kwargs": {"arms": 5, "pulls": 10},
        "steps": 4_000_000,
        "reference": "at least 6.55; optimum 6.660, greedy 6.63",
    },
    "rl2-bernoulli-k5-n100": {
        "agent": "RL2",
        "id": "meta/BernoulliBandit-v0",
        "env_kwargs": {"arms": 5, "pulls": 100},
        "steps": 10_000_000,
        "reference": "at least 77.8; Gittins 78.3, greedy 76.2",
    },
    "rl2-bernoulli-k2-n100": {
        "agent": "RL2",
        "id": "meta/BernoulliBandit-v0",
        "env_kwargs": {"arms": 2, "pulls": 100},
        "steps": 6_000_000,
        "reference": "at least 64.6; optimum 64.918, greedy 64.28",
    },
    "rl2-gridnavi": {
        "agent": "RL2",
        "id": "meta/GridNavi-v0",
        "env_kwargs": {"split": "all"},
        "steps": 5_000_000,
        "reference": "at least 36.0, episode 1 at least 3.8; optimum 37.214",
    },
    "rl2-gridnavi-held-out": {
        "agent": "RL2",
        "id": "meta/GridNavi-v0",
        "steps": 5_000_000,
        "reference": "16 goals for training, 5 for testing; no threshold",
    },
    "varibad-gridnavi": {
        "agent": "VariBAD",
        "policy": "BeliefPolicy",
        "id": "meta/GridNavi-v0",
        "env_kwargs": {"split": "all"},
        "steps": 8_000_000,
        "reference": "at least 36.5, episode 1 at least 3.8; optimum 37.214",
    },
    "rl2-tabular": {
        "agent": "RL2",
        "id": "meta/TabularMDP-v0",
        "steps": 15_000_000,
        "reference": "at least 150; published RL2 156.2, PSRL 138.1",
    },
    "l2rl-two-step": {
        "agent": "L2RL",
        "policy": "LstmPolicy",
        "id": "meta/TwoStep-v0",
        "steps": 10_000_000,
        "reference": "at least 68 (.68 a round); Bayes filter 70.66, random 50",
    },
    "pearl-pointgoal": {
        "agent": "PEARL",
        "policy": "MlpPolicy",
        "id": "meta/PointGoal-v0",
        "steps": 59_200,  # whole iterations of at most 60,000
        "episodes": 3,
        "reference": "episode 2 at least -9.65: 2/3 from -19.72 (still) to -4.61 (oracle)",
    },
    "pearl-sparsepoint": {
        "agent": "PEARL",
        "policy": "MlpPolicy",
        "id": "meta/SparsePoint-v0",
        "steps": 420_000,
        "episodes": 8,
        "reference": "episode 6, after 5 of exploration, at least 6; oracle 13.38",
    },
}


def main() -> None:
    """Run entries, or print the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("entries", nargs="*", choices=[*ENTRIES, []], help="which results")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entry's")
    parser.add_argument("--num-tasks", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--summary", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.entries:
        for seed in arguments.seeds:
            run(name, seed, arguments)
    if arguments.summary:
        summarise()


def run(name: str, seed: int, arguments: argparse.Namespace) -> None:
    """Train one seed, evaluate it twice (sampling, deterministic), write both rows."""
    entry = ENTRIES[name]
    kwargs = dict(entry.get("env_kwargs", {}))
    algorithm = getattr(agents, entry["agent"])
    policy = entry.get("policy", "GruPolicy")
    agent = algorithm(policy, entry["id"], env_kwargs=kwargs, seed=seed)
    started = time.perf_counter()
    progress = Progress()
    agent.learn(arguments.steps or entry["steps"], callback=progress)
    seconds = time.perf_counter() - started
    RESULTS.mkdir(exist_ok=True)
    progress.write(RESULTS / f"{name}.progress.csv", seed)
    agent.save(Path("runs", "benchmarks", f"{name}-s{seed}.zip"))
    split = kwargs.pop("split", None)
    settings = {"env_kwargs": kwargs, "split": split, "num_tasks": arguments.num_tasks, "seed": 1}
    settings["episodes"] = entry.get("episodes")  # None: the id's
    for deterministic in (False, True):
        curve = evaluate(agent, entry["id"], deterministic=deterministic, **settings)
        known = curve.expected_returns is not None
        score, error = curve.total("expected_returns" if known else "returns")
        row = {
            "machine": machine(arguments.threads),
            "entry": name,
            "agent": entry["agent"],
            "id": entry["id"],
            "env_kwargs": kwargs,
            "split": curve.protocol["split"],
            "seed": seed,
            "steps": agent.num_timesteps,
            "train_seconds": round(seconds, 1),
            "num_tasks": arguments.num_tasks,
            "deterministic": deterministic,
            "score": round(score, 4),
            "standard_error": round(error, 4),
            "episodes": [round(float(value), 3) for value in curve.mean()],
            "reference": entry["reference"],
        }
        add(TABLE, row, COLUMNS)
        print({key: row[key] for key in ("entry", "seed", "deterministic", "score", "episodes")})
        if entry["agent"] == "L2RL":
            print(two_step_stays(agent, entry["id"], deterministic))
    if entry["agent"] == "VariBAD":
        print(belief.record(agent, commit()))


class Progress(BaseCallback):
    """Keeps the learning curve: the mean return of an iteration's trials against steps."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        if "trial_rew_mean" in self.model.latest:
            self.points.append((self.model.num_timesteps, self.model.latest["trial_rew_mean"]))

    def write(self, path: Path, seed: int) -> None:
        """Append means over at most 200 stretches of training; of none, nothing."""
        if not self.points:  # shorter than an iteration
            return
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["commit", "seed", "steps", "trial_rew_mean"])
            for part in np.array_split(np.array(self.points), min(200, len(self.points))):
                row = [int(part[-1, 0]), round(float(part[:, 1].mean()), 3)]
                writer.writerow([commit(), seed, *row])


def two_step_stays(agent, env_id: str, deterministic: bool, rows: int = 300) -> dict[str, float]:
    """Play the two-step task and return the probabilities of repeating a choice."""
    import gymnasium as gym

    from meta_envs.mdps.two_step import stay_probabilities

    venv = gym.make_vec(env_id, num_envs=rows)
    play = Play(venv, agent.inner_loop(venv, seed=7), 1, deterministic)
    chosen, common, paid = [], [], []
    step = venv.step

    def recorded(actions):
        result = step(actions)
        chosen.append(np.asarray(actions)), paid.append(result[1])
        common.append(result[4]["common"])
        return result

    venv.step = recorded
    play.episodes(seed=11, count=1)
    actions, transitions, rewards = (np.stack(one, axis=1) for one in (chosen, common, paid))
    stays = stay_probabilities(actions[:, ::2], transitions[:, ::2], rewards[:, 1::2] > 0)
    stays = {name: round(float(value), 4) for name, value in stays.items()}
    path = RESULTS / "two_step_stays.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["commit", "seed", "deterministic", "stay_probabilities"])
        writer.writerow([commit(), agent.seed, deterministic, stays])
    return stays


def summarise() -> None:
    """Print mean and deviation over seeds of every entry."""
    with TABLE.open() as file:
        rows = list(csv.DictReader(file))
    for name in ENTRIES:
        for deterministic in ("False", "True"):
            chosen = {
                row["seed"]: row
                for row in rows
                if row["entry"] == name and row["deterministic"] == deterministic
            }
            if not chosen:
                continue
            scores = [float(row["score"]) for row in chosen.values()]
            newest = next(iter(chosen.values()))
            print(
                f"{name:24s} {'argmax ' if deterministic == 'True' else 'sampled'} "
                f"{np.mean(scores):8.3f} +- {np.std(scores, ddof=1) if len(scores) > 1 else 0:.3f} "
                f"({len(scores)} seeds, {int(newest['steps']):,} steps, "
                f"{float(newest['train_seconds']):.0f} s) [{newest['reference']}]"
            )


if __name__ == "__main__":
    main()
