"""Stop a training and go on later: the result is, bit for bit, that of training without a break.

`metazoo train ...` keeps such a checkpoint by itself; `metazoo train --resume runs/last` goes on.
"""

import os
import tempfile
from pathlib import Path

import torch

from agents import RL2

ID = "meta/BernoulliBandit-v0"
STEPS = 3_000 if os.environ.get("METAZOO_TINY") else 200_000
torch.set_num_threads(1)


def new_agent() -> RL2:
    """Make the agent, always the same."""
    return RL2("GruPolicy", ID, n_envs=100, seed=3, preset=None, policy_kwargs={"hidden_size": 32})


straight = new_agent().learn(2 * STEPS)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "halfway.zip"
    stopped = new_agent()
    stopped.learn(STEPS)
    stopped.save(path)  # a zip of JSON and safetensors: nothing in it is ever executed
    resumed = RL2.load(path)  # id, arguments, optimiser and random streams are in the file
resumed.learn(2 * STEPS - resumed.num_timesteps, reset_num_timesteps=False)

pairs = zip(straight.policy.parameters(), resumed.policy.parameters(), strict=True)
assert all(torch.equal(one, other) for one, other in pairs)
print(f"{resumed.num_timesteps:,} steps, broken off at {stopped.num_timesteps:,}: the same network")
