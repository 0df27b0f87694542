"""Look around first, then do what one is told: DREAM learns the two apart.

In a city with three bus lines nobody knows which goes where. A trial's first episode pays nothing,
the second names a corner. Who knows the lines earns .8, who walks .3, and who tries them out on
the way .4.
"""

import os

import torch

from agents import DREAM, evaluate

CITY, KWARGS = "meta/BusGrid-v0", {"buses": 3}
TINY = bool(os.environ.get("METAZOO_TINY"))
STEPS, TASKS = (1, 6) if TINY else (200_000, 480)

torch.set_num_threads(1)
small = {"n_envs": 4, "gradient_steps": 1} if TINY else {}
agent = DREAM("GruPolicy", CITY, env_kwargs=KWARGS, seed=0, **small)
agent.learn(STEPS, progress_bar=not TINY)
print(f"{agent.distance_left():.0%} of what tells problems apart is unknown after exploring")

for name, learner in (("explores", agent), ("is told the problem", agent.told())):
    value, error = evaluate(learner, CITY, env_kwargs=KWARGS, num_tasks=TASKS).execution()
    print(f"execution, where it {name}: {value:.2f} +- {error:.2f}")
