"""How long RL2 trains until it scores 73.0 on held-out dependent bandits, beside another commit.

Run from the repository's root:

    python -m benchmarks.time_to_score f6c01c0 --seeds 0 1 2

Each side trains in a process of its own (the other commit's in a git worktree that is made and
removed), one thread each, by its own preset; scores are sums of the expected rewards of 100 choices
in 1,000 held-out tasks (random 50, optimum 73.779), taken every 25,600 steps and not counted.
Seconds are of processor time, so that what else the machine does hardly matters. Appends to
`benchmarks/results/time_to_score.csv`; a ratio of at most 0.6 is wanted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results_table import add, commit

_ROOT = Path(__file__).parents[1]
_OF_OTHER = ("seconds_of_other", "steps_of_other", "score_of_other")
TARGET, EVERY, MOST = 73.0, 25_600, 2_000_000  # presets decay rates over the last

_TRAIN = f"""
import json, sys, time, warnings
warnings.simplefilter("ignore")
sys.stdout, out = sys.stderr, sys.stdout
import torch
torch.set_num_threads(1)
from stable_baselines3.common.callbacks import BaseCallback
from agents import RL2, evaluate

class Watch(BaseCallback):
    spent, score, scored = 0.0, 0.0, 0

    def _on_step(self):
        return self.score < {TARGET}

    def _on_rollout_start(self):
        if self.num_timesteps < self.scored + {EVERY}:
            return
        began = time.process_time()
        self.scored = self.num_timesteps
        curve = evaluate(self.model, "meta/DependentBandit-v0", num_tasks=1000, seed=7)
        self.score = float(curve.expected_returns.sum(axis=1).mean())
        self.spent += time.process_time() - began
        print(self.num_timesteps, round(self.score, 3), flush=True)

given = json.loads(sys.argv[2])
agent = RL2("GruPolicy", "meta/DependentBandit-v0", seed=int(sys.argv[1]), **given)
watch = Watch()
began = time.process_time()
agent.learn({MOST}, callback=watch)
seconds = time.process_time() - began - watch.spent
print(json.dumps([seconds, watch.scored, watch.score]), file=out, flush=True)
"""


def train(root: Path, seed: int, given: str = "{}") -> tuple[float, int, float]:
    """Train in a process, and return seconds, steps and the score.

    Args:
        root: Of the checkout whose code trains.
        seed: Of the training.
        given: Arguments of the agent, over its preset, in JSON.
    """
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _TRAIN, str(seed), given],
        cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    seconds, steps, score = json.loads(done.stdout)
    return seconds, steps, score


def main() -> None:
    """Train both sides in turn, and write a row a seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("other", help="a commit")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder, "other")
        subprocess.run(["git", "worktree", "add", "-q", "-d", other, arguments.other], check=True)
        try:
            for seed in arguments.seeds:
                ours, others = train(_ROOT, seed), train(other, seed)
                row = {
                    **{"commit": commit(dirty=True), "other": arguments.other},
                    **{"machine": platform.machine(), "seed": seed},
                    **dict(zip(("seconds", "steps", "score"), _shown(ours), strict=True)),
                    **dict(zip(_OF_OTHER, _shown(others), strict=True)),
                    "ratio": f"{ours[0] / others[0]:.3f}",
                }
                add("time_to_score.csv", row)
                print(*row.values(), flush=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", other], check=True)


def _shown(side: tuple[float, int, float]) -> tuple[str, int, str]:
    seconds, steps, score = side
    return f"{seconds:.1f}", steps, f"{score:.3f}"


if __name__ == "__main__":
    main()
