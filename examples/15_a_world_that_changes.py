"""A world that changes while one learns: of two squares one pays and one costs, until they swap.

An agent of one lifetime is never reset. One that has grown sure of what pays has to find out again
after the swap: without a bonus for entropy it learns to touch nothing, and never looks again.
"""

import os

import torch

from agents import A2C, evaluate

ID = "meta/TwoColours-v0"
SWAP = 30 if os.environ.get("METAZOO_TINY") else 3000  # steps between swaps
PARTS = 9  # of a lifetime of three swaps' length

torch.set_num_threads(1)
print(f"reward a step; the squares swap every {SWAP} steps, between the bars")
for ent_coef in (0.0, 0.03):
    agent = A2C("MlpPolicy", ID, ent_coef=ent_coef, gamma=0.97, n_steps=16, learning_rate=3e-3)
    # Two lifetimes, each of one learner in 16 rows.
    curve = evaluate(
        agent,
        ID,
        steps=3 * SWAP,
        bins=PARTS,
        num_tasks=2,
        rows_per_task=16,
        env_kwargs={"switch_every": SWAP},
        seed=1,
    )
    parts = [f"{value * PARTS / (3 * SWAP):6.2f}" for value in curve.mean()]
    shown = "  |".join("".join(parts[start : start + 3]) for start in (0, 3, 6))
    print(f"entropy bonus {ent_coef:4.2f}:  {shown}")
