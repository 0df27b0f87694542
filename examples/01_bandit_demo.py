"""Train RL2 on two-armed bandits; compare it with hand-made learners on bandits it has never seen.

python examples/01_bandit_demo.py [picture.png]        (`make demo`; about two minutes)

The agent is kept: `metazoo evaluate runs/demo.zip`, `metazoo play --agent runs/demo.zip`.

One arm pays with probability p, the other with 1 - p; p is uniform and hidden. A meta-learner that
discovers how the arms depend on each other beats solvers that assume they are independent.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch

from agents import RL2, baselines, evaluate
from agents.core.evaluation import plot

ID, PULLS = "meta/DependentBandit-v0", 100
TINY = bool(os.environ.get("METAZOO_TINY"))  # a few seconds, to see that everything runs
STEPS, TASKS = (1_600, 100) if TINY else (2_000_000, 10_000)


def optimum() -> np.ndarray:
    """Return the exact best expected reward at each pull, [PULLS].

    Every pull, of either arm, tells the same about p: a win of one is a loss of the other. So
    exploring costs nothing, and after t pulls with s wins of the first arm (all s from 0 to t are
    equally likely) the best arm is the one with the higher posterior mean.
    """
    means = [(np.arange(t + 1) + 1) / (t + 2) for t in range(PULLS)]
    return np.array([np.maximum(mean, 1 - mean).mean() for mean in means])


torch.set_num_threads(1)  # faster for a network of this size
few = {"n_envs": 16, "n_epochs": 1} if TINY else {}
agent = RL2("GruPolicy", ID, seed=0, **few)
print(f"RL2 learns to learn on {ID} from {STEPS:,} pulls.")
agent.learn(STEPS, progress_bar=True)
kept = Path("runs/demo.zip")
kept.parent.mkdir(exist_ok=True)
agent.save(kept)

learners = {
    "RL2": agent,
    "Gittins": baselines.Gittins(),
    "Thompson": baselines.Thompson(),
    "UCB1": baselines.UCB1(),
    "Random": baselines.Random(),
}
print(f"\nEvery learner plays the same {TASKS:,} held-out tasks, from scratch in each.\n")
curves = {
    name: evaluate(learner, ID, split="test", num_tasks=TASKS, seed=1, num_envs=1000)
    for name, learner in learners.items()
}
best = optimum()
print(f"expected reward of {PULLS} pulls      behind RL2 on the same tasks (± standard errors)")
print(f"  {'exact optimum':<14} {best.sum():6.2f}")
for name, curve in curves.items():
    mean, error = curve.total("expected_returns")
    lag = curves["RL2"].series("expected_returns") - curve.series("expected_returns")
    against = f"{lag.mean():8.2f} ± {lag.std() / TASKS**0.5:.2f}" if name != "RL2" else ""
    print(f"  {name:<14} {mean:6.2f} ± {error:.2f} {against}")

picture = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo.png")
picture.parent.mkdir(parents=True, exist_ok=True)
chance = curves.pop("Random")
figure = plot.comparison(curves, random=chance)
axes = figure.axes[0]
axes.plot(np.arange(1, PULLS + 1), best, ":", color="black", linewidth=1.4)
axes.annotate("exact optimum", (PULLS, best[-1]), (0, 4), textcoords="offset points", ha="right")
plot.save(figure, picture)
print(f"\nThe learners getting better pull by pull: {picture}")
print(f"The agent: {kept}; see it at play by `metazoo play --agent {kept}`")
