"""What do tasks have in common? MLSH finds sub-policies that any task's master can choose from.

Two circles, elsewhere in each episode, and one of them always pays. Nobody says which, so a master
learns it anew in each task: it chooses a sub-policy every ten steps, and only these are kept.
"""

import os

import torch

from agents import MLSH, baselines, evaluate

CIRCLES = "meta/MovingBandits-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, ROWS, EPISODES = (1, 2, 2) if TINY else (2_400_000, 40, 11)

torch.set_num_threads(1)
few = {"n_envs": 40, "rows_per_task": 2, "n_minibatches": 1, "n_epochs": 1} if TINY else {}
agent = MLSH("MlpPolicy", CIRCLES, seed=0, **few)
agent.learn(STEPS, progress_bar=not TINY)

# Forced to play alone, does one sub-policy go to each circle? Rows: which circle pays.
for number in range(agent.n_sub_policies):
    alone = evaluate(agent.sub_policy(number), CIRCLES, num_tasks=2, episodes=1, rows_per_task=ROWS)
    print(f"sub-policy {number} earns {alone.returns[0, 0]:5.1f} and {alone.returns[1, 0]:5.1f}")

# New masters, which learn after each episode of 40 rows.
masters = evaluate(agent, CIRCLES, num_tasks=4, episodes=EPISODES, rows_per_task=ROWS)
told = evaluate(baselines.Expert(), CIRCLES, num_tasks=20, episodes=1)
print("new masters:", *(f"{one:.0f}" for one in masters.mean()), f"(told: {told.mean()[0]:.1f})")
