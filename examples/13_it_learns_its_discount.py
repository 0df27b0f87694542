"""MetaGradient: begin with a discount that sees two steps ahead, and learn a better one as you go.

Each update is judged by what came next: a loss with a fixed discount of .99 on the next unroll is
differentiated through the update, down to gamma and lambda. There are no trials and no resets: it
is one life. A2C with the discount it began with is beside it.
"""

import os

import numpy as np
import torch

from agents import A2C, MetaGradient

ID = "CartPole-v1"
STEPS = 320 if os.environ.get("METAZOO_TINY") else 15_000  # a quarter of a life

torch.set_num_threads(1)
short = {"seed": 0, "gamma": 0.5, "gae_lambda": 0.9, "n_envs": 8, "learning_rate": 4e-3}
learners = {
    "gamma .5": A2C("MlpPolicy", ID, preset=None, **short),
    "gamma learnt": MetaGradient("MlpPolicy", ID, preset=None, meta_learning_rate=1e-2, **short),
}
for name, agent in learners.items():
    for quarter in range(1, 5):
        agent.learn(STEPS, reset_num_timesteps=False, log_interval=None)
        returns = np.mean([episode["r"] for episode in agent.ep_info_buffer])
        says = "".join(
            f"   {figure} {agent.loop.figures[figure][0]:.3f}"
            for figure in ("gamma", "gae_lambda")
            if figure in agent.loop.figures
        )
        print(f"{name:>12}, quarter {quarter}: {returns:6.1f} steps upright{says}")
