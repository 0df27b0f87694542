"""VariBAD looks for a hidden goal, and says after each step where it believes the goal to be.

    python examples/10_what_it_believes.py belief.png

draws the whole trial as well: a row an episode, a panel a step.
"""

import os
import sys

import numpy as np
import torch

from agents import VariBAD, evaluate
from agents.varibad import draw_belief, watch_belief

ID = "meta/GridNavi-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, ROWS, TASKS = (1_000, 8, 21) if TINY else (5_000_000, 256, 1_000)

torch.set_num_threads(1)
agent = VariBAD("BeliefPolicy", ID, env_kwargs={"split": "all"}, n_envs=ROWS, seed=0)
agent.learn(STEPS, progress_bar=True)
print(evaluate(agent, ID, split="all", num_tasks=TASKS))

# `agent.inner_loop(venv).belief` can be read at any time; this plays a trial and reads every step.
moments = watch_belief(agent, seed=1)
for moment in moments:
    if moment.episode == 1 and moment.step % 3 == 0:
        x, y = moment.position.astype(int)
        print(f"\nstep {moment.step}, at ({x}, {y}); how likely each cell is the goal, in %:")
        print(np.array2string(100 * moment.cells.T[::-1], precision=0, suppress_small=True))

if len(sys.argv) > 1:
    draw_belief(moments, sys.argv[1])
    print(f"drawn: {sys.argv[1]}")
