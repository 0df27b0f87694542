"""Its earlier selves: an agent trains against what it was, and meets strangers now and then.

Two pucks push each other out of a ring. `SelfPlay` keeps the agent as a new version of its opponent
every so many steps; what it has learnt then shows against opponents that it has never met.
"""

import os

from agents import PPO, SelfPlay, baselines, evaluate

ID = "meta/Sumo-v0"
PART = 1_024 if os.environ.get("METAZOO_TINY") else 100_000
TASKS = 4 if os.environ.get("METAZOO_TINY") else 120

agent = PPO(
    "MlpPolicy",
    ID,
    env_kwargs={"bank": "self", "max_versions": 12, "reward_scale": 1e-3},
    policy_kwargs={"net_arch": [32, 32], "separate": ["value"]},
    task="changing",  # another version every few contests
    **{"n_envs": 16, "n_steps": 64, "gamma": 0.99, "seed": 0},
)
played = SelfPlay(every=PART // 4, keep=12)
for part in range(1 if os.environ.get("METAZOO_TINY") else 4):
    agent.learn(PART, callback=played, reset_num_timesteps=part == 0)
    curve = evaluate(baselines.Policy(agent), ID, split="all", num_tasks=TASKS, seed=1)
    versions = len(played.versions["about.made_at"])
    print(f"{agent.num_timesteps:>7} steps, {versions:>2} versions of itself:", end=" ")
    print(f"wins {curve.success.mean():.0%} of contests against strangers")
