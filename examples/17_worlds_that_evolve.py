"""POET: ground that gets harder as fast as walkers learn to cross it, from flat ground on.

    python examples/17_worlds_that_evolve.py ground.png

draws the newest ground with its walker as well. Hours lead far; minutes show how it goes.
"""

import os
import sys

import gymnasium as gym
import torch

from agents import POET

ID = "meta/Terrain-v0"
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, POPULATION, HORIZON = (500, 4, 5) if TINY else (20_000_000, 64, 600)

torch.set_num_threads(1)
agent = POET(
    "MlpPolicy",
    ID,
    env_kwargs={"max_episode_steps": HORIZON},
    population=POPULATION,
    transfer_interval=5,
    reproduction_interval=10,
    reproduce_at=-1000 if TINY else 20,  # scores are of short episodes: 364 is the whole way
    lowest=-1000 if TINY else -20,
    highest=120,
    eval_episodes=1,
    workers=1 if TINY else 2,  # or "ray"; it changes the time, and no number
    seed=0,
)
agent.learn(STEPS, progress_bar=True)

env = gym.make_vec(ID, num_envs=1, render_mode="rgb_array")
for event in agent.history:
    if event["kind"] == "admission":
        level = env.unwrapped.difficulty(event["task"])
        print(f"iteration {event['iteration']}: ground {event['niche']} ({level}) {event['task']}")
    elif event["kind"] == "transfer":
        print(f"iteration {event['iteration']}: {event['other']}'s walker to {event['niche']}")
for niche in agent.niches:
    print(f"ground {niche.number}, child of {niche.parent}: {niche.score:.0f}")

if len(sys.argv) > 1:
    from PIL import Image

    env.reset(seed=0, options={"task": agent.niches[-1].task})
    Image.fromarray(env.render()[0]).save(sys.argv[1])
    print(f"drawn: {sys.argv[1]}")
