"""LPO: what PPO minimises is evolved on whole trainings, read off as a formula, and used elsewhere.

Every member of a generation is a training from scratch; the loss moves towards those that made
better policies. Whatever is found keeps the laws of mirror learning.
"""

import importlib.util
import os

import torch

from agents import LPO, PPO

ID = "meta/TabularGrid-v0"
LEVEL = {"level": "sparse", "size": [5, 5], "steps": 25, "moves": 4}
TINY = bool(os.environ.get("METAZOO_TINY"))

torch.set_num_threads(1)
few = {"population": 2, "rows_per_task": 2, "life": 25, "n_episodes": 1} if TINY else {}
agent = LPO("MlpPolicy", ID, env_kwargs=LEVEL, seed=0, **few)
for generation in range(1 if TINY else 30):
    agent.learn(1, reset_num_timesteps=False)
    print(generation, f"{agent.latest['ep_rew_mean']:.2f} an episode, after a training")

# The loss itself goes wherever a policy loss is an argument; a learner made of it has it inside.
steps = 256 if TINY else 60_000
PPO("MlpPolicy", "CartPole-v1", policy_loss=agent.policy_loss_found, n_envs=2).learn(steps)
learner = agent.make_learner("CartPole-v1", learning_rate=7.5e-4, policy_kwargs={}, n_envs=2)
print(learner.learn(steps).num_timesteps, "steps elsewhere")

if importlib.util.find_spec("gplearn"):  # the extra `symbolic`
    formula = agent.formula(**({"population": 20, "generations": 1} if TINY else {}))
    print("drift:", formula)
    PPO("MlpPolicy", "CartPole-v1", policy_loss=formula, n_envs=2).learn(steps)
