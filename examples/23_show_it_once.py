"""What if a task is shown, not told? MIL learns from one demonstration, by a gradient step.

A point has to go to a goal that it cannot see. An expert that knows the goal goes there once; then
it is the agent's turn. Before the demonstration it can only do what is usual.
"""

import os

import torch

from agents import MIL, baselines, evaluate

GOAL = "meta/PointGoal-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))

torch.set_num_threads(1)
few = {"n_envs": 4, "n_episodes": 2, "n_batches": 2} if TINY else {}
agent = MIL("MlpPolicy", GOAL, seed=0, **few)
agent.learn(1 if TINY else 900_000, progress_bar=not TINY)

played = {"num_tasks": 4 if TINY else 200, "episodes": 1, "seed": 1}
unshown = evaluate(agent, GOAL, **played)
shown = evaluate(agent, GOAL, demonstrations=1, **played)
told = evaluate(baselines.Expert(), GOAL, **played)
for name, curve in {"unshown": unshown, "shown once": shown, "told": told}.items():
    print(f"{name:10s} {curve.mean()[0]:7.2f}")
