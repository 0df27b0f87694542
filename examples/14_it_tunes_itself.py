"""A learner that tunes itself: it begins short-sighted, and its discount rises as it lives."""

import os

from agents import STAC, evaluate

TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS = 80 if TINY else 3_000  # of each of 16 rows

agent = STAC(
    "MlpPolicy",
    "meta/Catch-v0",
    n_envs=16,
    n_steps=16,
    learning_rate=2e-3,
    policy_kwargs={"net_arch": [64]},
    eta_start={"gamma": 0.5},  # it looks two steps ahead; `gamma` is what it is judged by
    meta_learning_rate=1e-2,
    seed=0,
)
lives = {"num_tasks": 1 if TINY else 3, "rows_per_task": 16, "steps": STEPS, "bins": 10}
curve = evaluate(agent, agent.env_id, seed=1, **lives)
names = ("gamma", "gae_lambda", "alpha", "entropy")
print("step   reward a step  " + "".join(f"{name:>11}" for name in names))
for part in range(10):
    figures = "".join(f"{curve.mean(name)[part]:>11.3f}" for name in names)
    print(f"{(part + 1) * STEPS // 10:>5}{curve.mean()[part] / (STEPS // 10):>15.3f}  {figures}")

# `curve.to_csv("curve.csv")`, then `metazoo plot curve.csv`, draws them under the returns.
learner = agent.learn(1_280).make_learner("CartPole-v1", n_envs=8)
print(f"a new learner keeps gamma at {learner.eta_start['gamma']:.3f}, on {learner.env_id}")
