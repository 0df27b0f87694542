"""Imitate how somebody learns, and learn: algorithm distillation.

UCB1 is recorded in two thousand bandits, from its first pull on. A transformer learns to do what it
did next. In new bandits it is told nothing, changes no weight, and yet finds the best arm.
"""

import os

import gymnasium as gym
import torch

from agents import AlgorithmDistillation, baselines, evaluate, record

BANDIT, KWARGS = "meta/BernoulliBandit-v0", {"pulls": 50}
TINY = bool(os.environ.get("METAZOO_TINY"))
LIVES, STEPS, TASKS = (4, 1, 6) if TINY else (2000, 1_200_000, 1000)

torch.set_num_threads(1)
teacher = baselines.UCB1()  # or any agent that learns within a lifetime: agents.PPO(...)
histories = record(teacher, gym.make_vec(BANDIT, num_envs=LIVES, **KWARGS))
agent = AlgorithmDistillation(
    "TransformerPolicy", BANDIT, env_kwargs=KWARGS, histories=histories, n_batches=20, seed=0
)
agent.learn(STEPS, progress_bar=not TINY)

for name, learner in (("UCB1", teacher), ("its imitator", agent)):
    curve = evaluate(learner, BANDIT, env_kwargs=KWARGS, num_tasks=TASKS)
    first, last = curve.rewards.mean(axis=0).reshape(2, -1).mean(axis=1)
    print(f"{name}: {first:.3f} a pull in the first half, {last:.3f} in the second")
