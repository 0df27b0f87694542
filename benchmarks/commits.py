"""The speed of this commit beside another one's: stepping, physics and RL2's training, paired.

Run from the repository's root, on a machine that does little else:

    python -m benchmarks.commits f6c01c0

Each commit has a process of its own (of a git worktree that is made and removed), and the two run
short windows in turn, so that whatever else the machine does hits both. The ratio is this commit's
steps per second of processor time to the other's in each pair of windows; medians are appended to
`benchmarks/results/commits.csv`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results_table import add

_ROOT = Path(__file__).parents[1]

_STEPPING = """
import gymnasium as gym, meta_envs
env = gym.make_vec({id!r}, num_envs=256)
env.reset(seed=0)
env.action_space.seed(0)
actions = [env.action_space.sample() for _ in range(16)]
def window():
    for turn in range({steps}):
        env.step(actions[turn % 16])
    return 256 * {steps}
"""

_TRAINING = """
from agents import RL2
agent = RL2("GruPolicy", "meta/DependentBandit-v0", preset=None, n_envs=64, batch_size=16,
    n_epochs=4, policy_kwargs={"hidden_size": 64}, seed=0)
def window():
    before = agent.num_timesteps
    agent.learn(6_400, reset_num_timesteps=False)
    return agent.num_timesteps - before
"""

_SERVE = """
import sys, time, warnings
warnings.simplefilter("ignore")
sys.stdout, out = sys.stderr, sys.stdout
exec(sys.argv[1])
window()
for _ in sys.stdin:
    started = time.process_time()
    steps = window()
    print(steps / (time.process_time() - started), file=out, flush=True)
"""

WHAT = {  # name: the text that defines one window
    "throughput: RL2, DependentBandit, 64 rows": _TRAINING,
    "stepping: DependentBandit": _STEPPING.format(id="meta/DependentBandit-v0", steps=3_000),
    "stepping: GridNavi": _STEPPING.format(id="meta/GridNavi-v0", steps=1_000),
    "stepping: PointNavigation": _STEPPING.format(id="meta/PointNavigation-v0", steps=1_000),
    "physics: RandomHopper": _STEPPING.format(id="meta/RandomHopper-v0", steps=20),
    "physics: HalfCheetahVel": _STEPPING.format(id="meta/HalfCheetahVel-v0", steps=20),
}


class Side:
    """A process of one checkout, which runs a window whenever it is asked."""

    def __init__(self, text: str, root: Path):
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, text],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def window(self) -> float:
        """Return the steps per second of processor time of one window."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def compare(text: str, other: Path, repeats: int) -> tuple[list[float], list[float]]:
    """Return the speeds of this checkout and of the other, in alternating windows."""
    sides = Side(text, _ROOT), Side(text, other)
    try:
        speeds: tuple[list[float], list[float]] = [], []
        for turn in range(repeats):
            for side in (0, 1) if turn % 2 else (1, 0):
                speeds[side].append(sides[side].window())
        return speeds
    finally:
        for one in sides:
            one.close()


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=_ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main() -> None:
    """Compare with another commit, and append to the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="the other commit")
    parser.add_argument("--repeats", type=int, default=40, help="pairs of windows")
    parser.add_argument("--only", default="", help="run what has this in its name")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other"
        _git("worktree", "add", "--detach", str(other), args.commit)
        try:
            for name, text in WHAT.items():
                if args.only not in name:
                    continue
                ours, others = compare(text, other, args.repeats)
                ratios = [a / b for a, b in zip(ours, others, strict=True)]
                ratio = statistics.median(ratios)
                row = {
                    "other": args.commit,
                    "cores": os.cpu_count(),
                    "what": name,
                    "repeats": args.repeats,
                    "ours": round(statistics.median(ours)),
                    "others": round(statistics.median(others)),
                    "ratio": round(ratio, 3),
                    "least": round(min(ratios), 3),
                    "most": round(max(ratios), 3),
                }
                add("commits.csv", row)
                print(f"{name}: {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f})", flush=True)
        finally:
            _git("worktree", "remove", "--force", str(other))


if __name__ == "__main__":
    main()
