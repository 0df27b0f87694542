"""Draw docs/images/comparison-*.png: 2, 5 and 11 learners with three seeds each, by `agents.plot`.

    python docs/comparisons.py

Measures hand-made learners on bandits of five arms and ten pulls, with three evaluation seeds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import agents
from agents import baselines
from agents.core.evaluation.plot import save

IMAGES = Path(__file__).parent / "images"
ID, SEEDS = "meta/BernoulliBandit-v0", (0, 1, 2)
LEARNERS = (
    baselines.Gittins(),
    baselines.Thompson(),
    baselines.UCB1(c=0.3),
    baselines.EpsilonGreedy(epsilon=0.1),
    baselines.UCB1(),
    baselines.Greedy(),
    baselines.OptimisticThompson(),
    baselines.EpsilonGreedy(epsilon=0.3),
    baselines.UCB1(c=0.1),
    baselines.EpsilonGreedy(epsilon=0.5),
    baselines.UCB1(c=0.6),
)


def main() -> None:
    """Measure and draw."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, learner in enumerate(LEARNERS):
            for seed in SEEDS:
                files.append(Path(folder) / f"{i}-{seed}.csv")
                agents.evaluate(learner, ID, seed=seed).to_csv(files[-1])
        for number in (2, 5, 11):
            figure = agents.plot(files[: number * len(SEEDS)])
            save(figure, IMAGES / f"comparison-{number}.png")
        sys.stdout.write(f"{agents.table(files)}\n")


if __name__ == "__main__":
    main()
