"""Noise with a purpose: whole episodes that try something, then the latents that paid.

A goal lies somewhere on a half circle and pays from near by only. MAESN was trained where every
step tells how far the goal is. In a new task each of twenty episodes draws a latent, which leads
somewhere; a gradient step moves the belief to latents that paid.
"""

import os

import torch

from agents import MAESN, evaluate

ID = "meta/SparsePoint-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, TASKS, ROWS = (1, 2, 4) if TINY else (1_000_000, 20, 20)

torch.set_num_threads(1)
small = {"n_envs": 8, "rows_per_task": 4} if TINY else {}
agent = MAESN("MlpPolicy", ID, env_kwargs={"reward": "dense"}, seed=0, **small)
agent.learn(STEPS, progress_bar=not TINY)

curve = evaluate(
    agent,
    ID,
    env_kwargs={"reward": "sparse", "split": "test"},
    num_tasks=TASKS,
    rows_per_task=ROWS,
    episodes=4,
)
for steps, value in enumerate(curve.mean()):
    print(f"return after {steps} gradient steps: {value:.2f}")
