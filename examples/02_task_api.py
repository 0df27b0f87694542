"""A task distribution is a Gymnasium environment that also lets you sample, read and pin tasks."""

import gymnasium as gym

import meta_envs

for name in meta_envs.list_distributions():
    print(f"{name:26} {meta_envs.card(name).summary}")

# One environment. `split` says which tasks it draws: "train" is what you get if you say nothing.
env = gym.make("meta/GridNavi-v0", split="test")
print("\nsplits:", env.unwrapped.splits, " tasks look like:", env.unwrapped.task_space)

# A trial is K episodes in one task: resets keep the task until K episodes have begun.
observation, info = env.reset(seed=0)
for episode in range(1, 6):
    print(f"episode {episode}: goal {info['task']['goal']}, a new trial: {info['trial_start']}")
    observation, info = env.reset()

# Pin a task, and every reset keeps it, until it is unpinned by `set_task(None)`.
task = env.unwrapped.sample_task(seed=7)
observation, info = env.reset(options={"task": task})
print("pinned:", info["task"])

# Any number of rows as one native batch; row i is bit for bit the environment seeded with seed + i.
venv = gym.make_vec("meta/GridNavi-v0", num_envs=4)
observations, infos = venv.reset(seed=0)
print("\nfour rows, four goals:", infos["task"]["goal"].tolist())
for _ in range(15):
    observations, rewards, terminated, truncated, infos = venv.step(venv.action_space.sample())
print("every row ended its episode:", terminated.tolist(), "and has begun the next")

# Episodes, tasks and parameters of an id are keyword arguments.
big = gym.make("meta/GridNavi-v0", size=9, steps=30, episodes_per_trial=2)
print("\na larger grid:", big.observation_space, "K =", big.unwrapped.episodes_per_trial)
