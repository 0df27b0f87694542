"""Stable-Baselines3 trains on every task distribution, unchanged, and is evaluated like our agents.

Plain PPO cannot adapt: it learns one behaviour for all tasks. RecurrentPPO on whole trials can: its
memory sees actions and rewards. (The latter is of sb3-contrib: `pip install -e ".[contrib]"`.)
"""

import os

import gymnasium as gym
import torch
from stable_baselines3 import PPO

from agents import SB3VecEnv, baselines, evaluate
from meta_envs.wrappers import TrialWrapper, VectorTrialWrapper

try:
    from sb3_contrib import RecurrentPPO
except ImportError:
    RecurrentPPO = None

ID, KWARGS = "meta/DependentBandit-v0", {"variant": "easy", "pulls": 20}
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, TASKS = (640, 20) if TINY else (40_000, 1000)
torch.set_num_threads(1)  # faster for networks of this size

# The bridge: a native batch as an SB3 VecEnv. (`PPO("MlpPolicy", ID)` works too, slower.)
venv = gym.make_vec(ID, num_envs=32, **KWARGS)
plain = PPO("MlpPolicy", SB3VecEnv(venv), n_steps=20, seed=0).learn(STEPS, progress_bar=True)

learners = {"PPO": plain, "Thompson": baselines.Thompson()}
if RecurrentPPO is None:
    print('RecurrentPPO is left out: it is in sb3-contrib, pip install -e ".[contrib]"')
else:
    # A trial as one episode: observation, last action, last reward and episode start in one vector.
    trials = SB3VecEnv(VectorTrialWrapper(gym.make_vec(ID, num_envs=32, **KWARGS)))
    learners["RecurrentPPO"] = RecurrentPPO(
        "MlpLstmPolicy", trials, learning_rate=1e-3, n_steps=20, batch_size=160, n_epochs=5, seed=0
    ).learn(STEPS, progress_bar=True)

    # The same for one environment, without the bridge.
    RecurrentPPO("MlpLstmPolicy", TrialWrapper(gym.make(ID)), n_steps=20, batch_size=20).learn(20)

for name, learner in learners.items():
    curve = evaluate(learner, ID, env_kwargs=KWARGS, num_tasks=TASKS, seed=1)
    mean, error = curve.total("expected_returns")
    print(f"{name:<14} {mean:5.2f} ± {error:.2f} of 20 pulls (chance 10, at most 18)")
