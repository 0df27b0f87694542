"""Kill trainings at random moments (SIGKILL), resume each, and compare the ends bit for bit.

    python benchmarks/resume.py --kills 20

Every run is one process that saves at each iteration boundary; a killed one is started again and
goes on from its checkpoint, or from the beginning if it had none. The final checkpoints (networks,
optimiser, normaliser, counters) and the logged figures must equal those of a run never killed.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "resume.csv"
TOTAL = 80_000


def child(folder: Path) -> None:
    """Train in `folder`, from its checkpoint where there is one."""
    import torch
    from stable_baselines3.common.callbacks import BaseCallback

    from agents import RL2
    from agents.core.saving.writers import make_logger

    torch.set_num_threads(1)
    path = folder / "checkpoint.zip"

    class SaveAlways(BaseCallback):
        def _on_step(self) -> bool:
            return True

        def _on_rollout_start(self) -> None:
            self.model.save(path)

    if path.exists():
        agent = RL2.load(path)
        resumed = agent.num_timesteps
    else:
        agent = RL2(
            "GruPolicy",
            "meta/GridNavi-v0",
            preset=None,
            n_envs=32,
            batch_size=16,
            learning_rate=("linear", 1e-3, 1e-4),
            policy_kwargs={"hidden_size": 32},
            seed=5,
        )
        resumed = None
    agent.set_logger(make_logger(folder, resume_timesteps=resumed))
    agent.learn(TOTAL - agent.num_timesteps, callback=SaveAlways(), reset_num_timesteps=False)
    agent.save(folder / "end.zip")
    agent.logger.close()


def start(folder: Path) -> subprocess.Popen:
    """Start the training of `folder` in a process of its own."""
    return subprocess.Popen([sys.executable, __file__, "--child", str(folder)])


def digest(folder: Path) -> tuple[str, str]:
    """Return the digest of the final checkpoint, and of the logged figures but for times."""
    with (folder / "progress.csv").open() as file:
        rows = [
            {key: value for key, value in row.items() if not key.startswith("time/")}
            for row in csv.DictReader(file)
        ]
    figures = [sorted(row.items()) for row in rows]
    return (
        hashlib.sha256((folder / "end.zip").read_bytes()).hexdigest(),
        hashlib.sha256(repr(figures).encode()).hexdigest(),
    )


def main() -> None:
    """Run the reference and the killed ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        child(arguments.child)
        return
    moments = random.Random(arguments.seed)
    rows = []
    with tempfile.TemporaryDirectory() as root:
        reference = Path(root, "reference")
        reference.mkdir()
        began = time.perf_counter()
        assert start(reference).wait() == 0
        seconds = time.perf_counter() - began
        expected = digest(reference)
        for number in range(arguments.kills):
            folder = Path(root, str(number))
            folder.mkdir()
            moment = moments.uniform(0.0, seconds)
            process = start(folder)
            time.sleep(moment)
            process.kill()
            process.wait()
            had = (folder / "checkpoint.zip").exists()
            assert start(folder).wait() == 0
            equal = digest(folder) == expected
            rows.append((number, round(moment, 2), had, equal))
            print(f"killed after {moment:6.2f} s, checkpoint {had}: bit-equal {equal}", flush=True)
    print(f"{sum(equal for *_, equal in rows)} of {len(rows)} ends are bit-equal")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("date,commit,cores,kill,seconds,had_checkpoint,bit_equal".split(","))
        writer.writerows([today, commit, os.cpu_count(), *row] for row in rows)
    sys.exit(not all(equal for *_, equal in rows))


if __name__ == "__main__":
    main()
