"""Robots: each row a body of its own, the papers' variants by name, new combinations in one row."""

import gymnasium as gym
import numpy as np

import meta_envs

# Four hoppers, four bodies: masses, frictions, thickness of the links and gravity are the task.
venv = gym.make_vec("meta/RandomHopper-v0", num_envs=4)
venv.reset(seed=0)
print("mass of each torso, in nominal ones:", venv.tasks["body_mass"][:, 0].round(2))
print("gravity, m/s^2:", venv.tasks["gravity"].round(1))
masses = [model.body_mass[1] for model in venv.unwrapped.physics.models]
print("kg, as MuJoCo has it:", np.round(masses, 2))

# The same robot differs between papers: how fast it is to run, what torques cost, what it sees.
for source in ("pearl", "promp", "maml", "gymnasium"):
    env = gym.make("meta/HalfCheetahVel-v0", source=source).unwrapped
    speeds = env.task_space["velocity"]
    print(
        f"{source:10s} sees {env.observation_space.shape[0]} numbers, wants up to "
        f"{env.goal.high} m/s, pays {env.settings.ctrl_cost_weight} for a unit of squared action"
    )
print("the support holds what 'ood' draws too:", speeds)

# Any robot, any randomisation and any goal compose; every law holds for what comes out.
meta_envs.register(
    "mine/HeavyAntVel-v0",
    "meta_envs.locomotion.family:Locomotion",
    max_episode_steps=200,
    episodes_per_trial=2,
    summary="An ant of random masses that is to run at a hidden speed",
    source="Mine",
    kwargs={"body": "ant", "goal": "velocity", "randomization": "rand_params"},
)
ants = gym.make_vec("mine/HeavyAntVel-v0", num_envs=16, split="ood")
ants.reset(seed=0)
for _ in range(5):
    observations, rewards, terminated, truncated, infos = ants.step(ants.action_space.sample())
print("sixteen ants outside the training ranges:", rewards.round(2))
