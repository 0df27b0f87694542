"""Once is enough: an agent that remembers what paid, beside one that learns it by small steps.

Episodic control keeps, for each action, the best return that ever followed it in each state. What
happened once can be done again in the next episode; a network needs many gradient steps for that.
"""

import os

import numpy as np

from agents import A2C, MFEC, evaluate

ID = "meta/Catch-v0"  # a ball falls, a paddle is to be under it: 1, or else -1
EPISODES = 20 if os.environ.get("METAZOO_TINY") else 160
PARTS = 8

print("return an episode, in parts of a life of", EPISODES, "episodes, three lives each")
for agent in (MFEC("ProjectionPolicy", ID, seed=0), A2C("MlpPolicy", ID, n_envs=1, seed=0)):
    curve = evaluate(agent, ID, num_tasks=3, episodes=EPISODES, seed=1)
    parts = np.array_split(curve.mean(), PARTS)
    print(f"{type(agent).__name__:>5}:", "".join(f"{part.mean():6.2f}" for part in parts))
