"""Atari's games as tasks: held-out games on one scale, and a game that goes on after a lost life.

Needs the extra `atari`: pip install -e ".[atari]"
"""

import importlib.util
import os
import sys

import gymnasium as gym

from agents import baselines, evaluate
from meta_envs.arcade import human_normalised

ID = "meta/Atari-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))

if importlib.util.find_spec("ale_py") is None:
    sys.exit(print('ale-py is missing: pip install -e ".[atari]"'))

# Without `game` the tasks are games: five are held out. The raw scores differ wildly; on the scale
# of human-normalised scores 0 is random play and 1 a human tester.
games, kwargs = (1, {"max_episode_steps": 20}) if TINY else (5, {})
curve = evaluate(baselines.Random(), ID, num_tasks=games, env_kwargs=kwargs)
print(curve.by("game", "returns"), curve.by("game", "normalised_returns"), sep="\n")
print(f"DQN's 401 points in Breakout: {human_normalised('Breakout', 401):.1f} times a human's")

# For training, rewards are clipped and a lost life ends an episode; `score` stays that of the game.
venv = gym.make_vec(ID, num_envs=1, game="Breakout", clip_rewards=True, end_on_lost_life=True)
venv.reset(seed=0)
venv.action_space.seed(0)
for step in range(1, 60 if TINY else 2000):
    _, _, terminated, _, infos = venv.step(venv.action_space.sample())
    if terminated[0]:
        lives, score = infos["final_info"]["lives"][0], infos["final_info"]["score"][0]
        print(f"step {step}: an episode ends, {lives} lives left, score {score:.0f}")
        if infos["final_info"]["game_over"][0]:
            break
