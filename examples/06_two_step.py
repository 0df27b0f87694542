"""L2RL on the two-step task: does the learnt learner use a model of the transitions?

A learner without a model repeats whatever was rewarded. One with a model knows that a reward after
a rare transition speaks for the other action. How often a choice is repeated tells them apart.
"""

import os

import gymnasium as gym
import numpy as np
import torch

from agents import L2RL, Player
from meta_envs.mdps.two_step import stay_probabilities

ID = "meta/TwoStep-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, ROWS = (5_000, 20) if TINY else (2_000_000, 500)

torch.set_num_threads(1)
agent = L2RL("LstmPolicy", ID, seed=0)
agent.learn(STEPS, progress_bar=True)

# The learnt learner by hand, as `evaluate` plays it: one inner loop for all rows, empty at first.
venv = gym.make_vec(ID, num_envs=ROWS)
loop = agent.inner_loop(venv, seed=1)
player = Player(venv, loop)
player.reset(seed=1)
choices, common, rewarded = [], [], []
for step in range(2 * venv.unwrapped.rounds):
    played = player.step()
    if step % 2 == 0:  # the choice; the reward comes in the second stage
        choices.append(played.action)
        common.append(played.infos["common"])
    else:
        rewarded.append(played.reward > 0)

print(f"a round is rewarded with frequency {np.mean(rewarded):.3f} (Bayes filter .707, random .5)")
stay = stay_probabilities(*(np.stack(part, axis=1) for part in (choices, common, rewarded)))
for outcome, probability in stay.items():
    print(f"the choice is repeated after {outcome.replace('_', ', '):18} {probability:.2f}")
