"""LPG: an update rule is learnt on small worlds, and then trains learners in others.

A learner has a policy and a prediction that nobody has given a meaning. What becomes of both
after a few steps is said by a network, which is trained by the gradient through whole lifetimes.
"""

import os

import torch

from agents import A2C, LPG, evaluate

ID = "meta/TabularGrid-v0"
LEVEL = {"level": "sparse", "size": [5, 5], "steps": 25, "moves": 4}  # one good object, one bad
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, TASKS, UPDATES = (1, 2, 2) if TINY else (160 * 46_080, 24, 50)

torch.set_num_threads(1)
few = {"n_envs": 4, "rows_per_task": 2, "preset": None, "rule_size": 4} if TINY else {}
agent = LPG("MlpPolicy", ID, env_kwargs=LEVEL, seed=0, **few)
agent.learn(STEPS, progress_bar=not TINY)  # 160 iterations of a second or two each

# New learners in new levels, of other sizes too: the rule is as it was found.
baseline = A2C(
    "MlpPolicy", ID, env_kwargs=LEVEL, learning_rate=0.1, n_steps=20, n_envs=16,
    policy_kwargs={"torso": "table"},
)  # fmt: skip
for name, learner, size in (("LPG", agent, 5), ("LPG", agent, 6), ("A2C", baseline, 5)):
    curve = evaluate(
        learner, ID, env_kwargs={**LEVEL, "size": [size, size]}, num_tasks=TASKS,
        rows_per_task=16, steps=20 * UPDATES, bins=UPDATES,
    )  # fmt: skip
    begin, end = (curve.returns[:, part].mean() / 20 for part in (0, -1))
    print(f"{name}, {size} x {size}: reward a step {begin:+.3f} at first, {end:+.3f} at the end")

print(agent.make_learner("CartPole-v1", n_envs=2).learn(100).num_timesteps, "steps elsewhere")
