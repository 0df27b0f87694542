"""Draw docs/images/comparison-*.png: 2, 5 and 11 agents with three seeds each, by `agents.plot`.

    python docs/comparisons.py

Trains RL2 and L2RL for 100,000 pulls a seed (a few minutes in all), and measures hand-made learners
with three evaluation seeds, on bandits of five arms and ten pulls.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import agents
from agents import baselines
from agents.core.evaluation.plot import save

IMAGES = Path(__file__).parent / "images"
ID, SEEDS, STEPS = "meta/BernoulliBandit-v0", (0, 1, 2), 100_000
LEARNERS = (
    baselines.Thompson(),
    baselines.UCB1(c=0.3),
    baselines.EpsilonGreedy(epsilon=0.1),
    baselines.UCB1(),
    baselines.Greedy(),
    baselines.OptimisticThompson(),
    baselines.Gittins(),
    baselines.EpsilonGreedy(epsilon=0.3),
)


def main() -> None:
    """Train, measure and draw."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)

        def trained(name: str, **arguments: object) -> list[Path]:
            runs = agents.train(
                name, ID, seeds=SEEDS, total_timesteps=STEPS, root=root, eval_freq=20_000,
                threads=1, **arguments,
            )  # fmt: skip
            return [run.folder for run in runs]

        rl2, small = trained("rl2"), trained("rl2", policy_kwargs={"hidden_size": 8})
        l2rl = trained("l2rl")
        measured = []
        for i, learner in enumerate(LEARNERS):
            for seed in SEEDS:
                measured.append(root / f"{i}-{seed}.csv")
                agents.evaluate(learner, ID, seed=seed).to_csv(measured[-1])
        three = len(SEEDS)
        for number, runs in (
            (2, rl2 + measured[:three]),
            (5, rl2 + l2rl + measured[: 3 * three]),
            (11, rl2 + small + l2rl + measured),
        ):
            save(agents.plot(runs), IMAGES / f"comparison-{number}.png")
        save(agents.plot(rl2 + small + l2rl, x="steps"), IMAGES / "comparison-steps.png")
        sys.stdout.write(f"{agents.table(rl2 + small + l2rl + measured)}\n")


if __name__ == "__main__":
    main()
