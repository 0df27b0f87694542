"""Kill trainings of every agent at random moments (SIGKILL), resume each, and compare the ends.

    python benchmarks/resume.py --kills 1000            # over all agents: about an hour
    python benchmarks/resume.py --kills 40 --agents rl2 pearl

Each agent trains for about a second at its smallest sizes, saving at every iteration boundary; one
that is killed is started again and goes on from its checkpoint, or from the beginning if it had
none. The final checkpoint (networks, optimisers, experience, counters) and the logged figures must
equal those of a training never killed, bit for bit. That one runs in an interpreter of its own
(whose hashes of strings differ), the killed ones are forked from one that has imported everything.

A row an agent is appended to `results/resume.csv`. Agents that have a row of the same `--seed` are
done: an interrupted soak goes on with the same command, and a new seed begins a new one.
"""

from __future__ import annotations

import argparse
import csv
import gc
import hashlib
import json
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch
from results_table import add
from stable_baselines3.common.callbacks import BaseCallback

import agents
from agents.core.saving.checkpoint import read_checkpoint
from agents.core.saving.writers import make_logger
from agents.laws.setting import IDS, Setting
from agents.laws.state import difference

RESULTS = Path(__file__).parent / "results" / "resume.csv"
COLUMNS = (
    "date,commit,cores,seed,agent,id,timesteps,seconds,kills,in_a_save,had_checkpoint,bit_equal"
).split(",")
_SECONDS, _ITERATIONS = 1.0, 3  # a training lasts at least as long
_MOST = 10**9  # timesteps, never reached
_PATIENCE = 120.0  # seconds until a training counts as hanging
_FORK: Any = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Reference:
    """A training that was never killed."""

    id: str
    timesteps: int
    seconds: float
    digest: tuple[str, str]
    folder: Path


class _SaveAlways(BaseCallback):
    """Saves at every iteration boundary; ends after some seconds, if there are any.

    Args:
        path: Of the checkpoint.
        seconds: After which training ends at the next boundary; None is never.
    """

    def __init__(self, path: Path, seconds: float | None = None):
        super().__init__()
        self.path, self.seconds, self.boundaries = path, seconds, 0

    def _on_training_start(self) -> None:
        self.began = time.perf_counter()

    def _on_rollout_start(self) -> None:
        self.model.save(self.path)
        self.boundaries += 1

    def _on_step(self) -> bool:
        if self.seconds is None or self.boundaries <= _ITERATIONS:
            return True
        return time.perf_counter() - self.began < self.seconds


def setting_of(name: str) -> Setting:
    """Return the smallest training of an agent, by its name on the command line."""
    return Setting(getattr(agents, agents.ALGORITHMS[name].partition(":")[2]))


def train(name: str, folder: Path, timesteps: int) -> None:
    """Train in `folder` up to some timesteps, from its checkpoint where there is one."""
    torch.set_num_threads(1)
    setting = setting_of(name)
    path = folder / "checkpoint.zip"
    if path.exists():
        agent = setting.cls.load(path)  # type: ignore[attr-defined]
        resumed = agent.num_timesteps
    else:
        agent, resumed = setting.make(), None
    agent.set_logger(make_logger(folder, resume_timesteps=resumed))
    left = timesteps - agent.num_timesteps
    saving = _SaveAlways(path)
    agent.learn(left, callback=saving, log_interval=1, reset_num_timesteps=False)
    agent.save(folder / "end.zip")
    agent.logger.close()


def digest(folder: Path) -> tuple[str, str]:
    """Return the digest of the final checkpoint, and of the logged figures but for times."""
    with (folder / "progress.csv").open() as file:
        rows = [
            sorted((key, value) for key, value in row.items() if not key.startswith("time/"))
            for row in csv.DictReader(file)
        ]
    return (
        hashlib.sha256((folder / "end.zip").read_bytes()).hexdigest(),
        hashlib.sha256(repr(rows).encode()).hexdigest(),
    )


def measure(name: str, folder: Path, seconds: float = _SECONDS) -> dict[str, Any]:
    """Train in `folder` without being killed, and return what `Reference` holds of it.

    How many timesteps the training has is found by one that ends after some seconds.
    """
    torch.set_num_threads(1)
    setting = setting_of(name)
    agent = setting.make()
    agent.set_logger(make_logger(folder / "tried"))
    stopping = _SaveAlways(folder / "tried.zip", seconds)
    timesteps = agent.learn(_MOST, callback=stopping).num_timesteps
    began = time.perf_counter()
    train(name, folder, timesteps)
    return {"id": setting.id, "timesteps": timesteps, "seconds": time.perf_counter() - began}


def reference_of(name: str, folder: Path) -> Reference:
    """Train once in an interpreter of its own."""
    folder.mkdir()
    command = [sys.executable, __file__, "--reference", str(folder), "--agents", name]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Reference(**found, digest=digest(folder), folder=folder)


def killed(name: str, folder: Path, timesteps: int, moment: float) -> bool:
    """Train in `folder`, kill that after some seconds, and tell whether it was still running."""
    folder.mkdir()
    process = _FORK.Process(target=train, args=(name, folder, timesteps))
    process.start()
    time.sleep(moment)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def resumed(name: str, folder: Path, reference: Reference) -> str | None:
    """Train on to the end, and say how it differs from the reference; None if it does not."""
    process = _FORK.Process(target=train, args=(name, folder, reference.timesteps))
    process.start()
    process.join(_PATIENCE)
    if process.exitcode != 0:
        process.kill()
        return f"it ended with {process.exitcode} (None: it was hanging)"
    if digest(folder) == reference.digest:
        return None
    ends = [read_checkpoint(one / "end.zip") for one in (reference.folder, folder)]
    return difference(*ends) or "the logged figures or settings differ"


def soak(name: str, kills: int, seed: int, root: Path) -> list[Any]:
    """Kill and resume so many trainings of an agent, and return its row of the table."""
    reference = reference_of(name, root / "reference")
    moments = random.Random(f"{seed} {name}")
    in_a_save = had = equal = number = 0
    for turn in range(kills):
        while True:
            folder, number = root / str(number), number + 1
            moment = moments.uniform(0.0, reference.seconds)
            if killed(name, folder, reference.timesteps, moment):
                break  # else it had ended before: that is no kill
        in_a_save += any(folder.glob(".*.tmp"))
        had += (folder / "checkpoint.zip").exists()
        found = resumed(name, folder, reference)
        equal += found is None
        if found is not None:
            print(f"{name}, kill {turn}, after {moment:.3f} s: {found}", flush=True)
    figures = [f"{reference.seconds:.2f}", kills, in_a_save, had, equal]
    return [seed, name, reference.id, reference.timesteps, *figures]


def warm(root: Path) -> None:
    """Import what trainings import, once for every child, without starting threads."""
    torch.set_num_threads(1)
    for public in agents.__all__:
        getattr(agents, public)
    for id, kwargs in IDS:
        gym.make_vec(id, num_envs=1, **kwargs).close()
    train("rl2", root, 20)
    gc.collect()
    gc.freeze()


def kills_done(seed: int) -> dict[str, int]:
    """Return the kills of a soak by agent, as far as the table has them."""
    found: dict[str, int] = {}
    if RESULTS.exists():
        with RESULTS.open(newline="") as file:
            for row in csv.DictReader(file):
                if row["seed"] == str(seed):
                    found[row["agent"]] = found.get(row["agent"], 0) + int(row["kills"])
    return found


def append(row: Sequence[Any]) -> None:
    """Append a row to the table, and print it."""
    whole = [os.cpu_count(), *row]
    add(RESULTS, dict(zip(COLUMNS[2:], whole, strict=True)))
    print(*whole, flush=True)


def main() -> None:
    """Soak the agents that are not done yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000, help="in all, shared by the agents")
    parser.add_argument("--agents", nargs="+", choices=agents.ALGORITHMS, metavar="NAME")
    parser.add_argument("--minutes", type=float, default=math.inf, help="then begin no agent")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = arguments.agents or list(agents.ALGORITHMS)
    warnings.simplefilter("ignore")
    if arguments.reference is not None:
        print(json.dumps(measure(names[0], arguments.reference)))
        return
    with tempfile.TemporaryDirectory() as root:
        warm(Path(root))
    until = time.monotonic() + 60 * arguments.minutes
    done, unequal = kills_done(arguments.seed), 0
    for place, name in enumerate(names):
        share = arguments.kills // len(names) + (place < arguments.kills % len(names))
        if (left := share - done.get(name, 0)) <= 0:
            continue
        if time.monotonic() > until:
            print(f"{len(names) - place} agents are left: the same command goes on with them")
            break
        with tempfile.TemporaryDirectory() as root:
            try:
                row = soak(name, left, arguments.seed, Path(root))
            except subprocess.CalledProcessError:  # it said why; other agents can be asked still
                print(f"{name} cannot be trained to its end at these sizes", flush=True)
                unequal += 1
                continue
        append(row)
        unequal += left - row[-1]
    sys.exit(unequal > 0)


if __name__ == "__main__":
    main()
