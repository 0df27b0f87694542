"""Stable-Baselines3 trains on every task distribution, unchanged, and is evaluated like our agents.

Plain PPO cannot adapt: it learns one behaviour for all tasks. RecurrentPPO on whole trials can: its
memory sees actions and rewards. (`pip install sb3-contrib` for the latter.)
"""

import os

import gymnasium as gym
from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO

from agents import SB3VecEnv, baselines, evaluate
from meta_envs.wrappers import TrialWrapper, VectorTrialWrapper

ID = "meta/BernoulliBandit-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, TASKS = (600, 20) if TINY else (50_000, 1000)

# The bridge: a native batch as an SB3 VecEnv. (`PPO("MlpPolicy", ID)` works too, slower.)
plain = PPO("MlpPolicy", SB3VecEnv(gym.make_vec(ID, num_envs=32)), n_steps=50, seed=0)
plain.learn(STEPS, progress_bar=True)

# A trial as one episode: observation, last action, last reward and episode start in one vector.
trials = SB3VecEnv(VectorTrialWrapper(gym.make_vec(ID, num_envs=32)))
recurrent = RecurrentPPO("MlpLstmPolicy", trials, n_steps=50, batch_size=400, seed=0)
recurrent.learn(STEPS, progress_bar=True)

# The same for one environment, without the bridge.
single = RecurrentPPO("MlpLstmPolicy", TrialWrapper(gym.make(ID)), n_steps=20, batch_size=20)
single.learn(20)

learners = {"PPO": plain, "RecurrentPPO": recurrent, "Gittins": baselines.Gittins()}
for name, learner in learners.items():
    mean, error = evaluate(learner, ID, num_tasks=TASKS, seed=1).total("expected_returns")
    print(f"{name:<14} {mean:.2f} ± {error:.2f} of ten pulls, on held-out bandits")
