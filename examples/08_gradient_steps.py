"""ProMP and MAML: parameters from which one gradient step finds a hidden goal.

The learnt learner is plain policy gradient. Training finds where to begin: return after
each gradient step, on goals never seen. A policy trained on all goals at once has no such place.
"""

import os

import torch

from agents import MAML, ProMP, evaluate

ID = "meta/PointNavigation-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, TASKS, ROWS = (10_000, 5, 4) if TINY else (4_000_000, 100, 20)

torch.set_num_threads(1)
# 40 tasks an iteration; in each, 20 episodes for a gradient step and 20 after it.
few = {"n_envs": 16, "rows_per_task": ROWS} if TINY else {}
learners = {
    "ProMP": ProMP("MlpPolicy", ID, seed=0, **few),
    "one policy for all": MAML("MlpPolicy", ID, inner_steps=0, seed=0, **few),
}
print("mean return after 0, 1, 2, 3 gradient steps of 20 episodes each:")
for name, agent in learners.items():
    agent.learn(STEPS, progress_bar=True)
    # rows_per_task: the episodes of one gradient step; all rows of a task share its parameters
    curve = evaluate(agent, ID, num_tasks=TASKS, rows_per_task=ROWS, episodes=4)
    print(f"{name:>20}  " + "  ".join(f"{value:7.2f}" for value in curve.mean()))
