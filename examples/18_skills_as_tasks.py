"""Where do tasks come from? DIAYN learns skills without rewards; their rewards are tasks for MAML.

A point in a box is paid only for being recognisable. What tells its skills apart then pays another
learner, which meets goals that somebody thought of for the first time at the end.
"""

import os
import tempfile
from pathlib import Path

import torch

from agents import DIAYN, MAML, evaluate
from agents.maml.presets import MAML as PRESETS

GOALS, BOX = "meta/PointNavigation-v0", {"bound": 1.0, "terminate": False}
TINY = bool(os.environ.get("METAZOO_TINY"))
SKILL_STEPS, STEPS, TASKS = (1, 1, 2) if TINY else (60_000, 4_000_000, 100)

torch.set_num_threads(1)
short = {**BOX, "max_episode_steps": 25}  # as in DIAYN's preset
skills = DIAYN("MlpPolicy", GOALS, env_kwargs=short, seed=0)
skills.learn(SKILL_STEPS, progress_bar=not TINY)
told = skills.latest
print(f"{skills.n_skills} skills, of which {told['accuracy']:.0%} of the steps are recognised")

with tempfile.TemporaryDirectory() as folder:
    bank = Path(folder, "skills.safetensors")
    skills.export_bank(bank)
    few = {"n_envs": 8, "rows_per_task": 4} if TINY else PRESETS["point-navigation"]["arguments"]
    tasks = {"bank": bank, "split": "all"}
    agent = MAML("MlpPolicy", "meta/RewardTask-v0", env_kwargs=tasks, seed=0, **few)
    untrained = evaluate(agent, GOALS, env_kwargs=BOX, num_tasks=TASKS, rows_per_task=20)
    agent.learn(STEPS, progress_bar=not TINY)

# The reward is minus the distance: after each gradient step the goal is nearer.
trained = evaluate(agent, GOALS, env_kwargs=BOX, num_tasks=TASKS, rows_per_task=20)
for step, (before, after) in enumerate(zip(untrained.mean(), trained.mean(), strict=True)):
    print(f"after {step} gradient steps: {after:7.2f}   (untrained {before:7.2f})")
