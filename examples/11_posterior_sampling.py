"""PEARL: guess a task, act as if the guess were true, guess again from what was seen.

The goal is hidden somewhere in a square. In the first episode the guess is drawn from the prior, so
it is poor; from the second one on it is drawn given what the transitions so far say of the goal.
"""

import os

import torch

from agents import PEARL, evaluate

ID = "meta/PointGoal-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, TASKS = (1, 5) if TINY else (60_000, 100)

torch.set_num_threads(1)
few = {"n_train_tasks": 4, "n_envs": 4, "gradient_steps": 2} if TINY else {}
agent = PEARL("MlpPolicy", ID, seed=0, **few).learn(STEPS, progress_bar=not TINY)
print(f"{agent.replay.num_tasks} training goals, {agent.num_timesteps:,} steps")

# Goals never seen. Standing still earns about -19.7 an episode; who knows the goal, -4.6.
curve = evaluate(agent, ID, num_tasks=TASKS, episodes=4, deterministic=True)
for episode, value in enumerate(curve.mean(), start=1):
    drawn = "prior" if episode == 1 else "posterior"
    print(f"episode {episode}: {value:7.2f}   (guesses from the {drawn})")
