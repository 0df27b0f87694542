"""The smallest LPG, and unrolls that it could have played. T steps, M learners, R rows."""

from __future__ import annotations

from typing import Any

import torch

from agents import LPG
from agents.core.lifetimes.rule import Learners, Unroll

ID = "meta/TabularGrid-v0"
LEVEL = {"level": "sparse", "size": [3, 3], "steps": 6, "moves": 4}
STATES, ACTIONS = 36, 4


def make(**more: Any) -> LPG:
    given: dict[str, Any] = {
        **{"env_kwargs": LEVEL, "preset": None, "seed": 0, "n_envs": 6, "rows_per_task": 2},
        **{"n_steps": 4, "n_updates": 2, "lifetime": 6, "rule_size": 6, "n_predictions": 4},
    }
    return LPG("MlpPolicy", ID, **{**given, **more})


def unrolls(count: int, learners: int = 2, rows: int = 3, steps: int = 5) -> list[Unroll]:
    """Return random unrolls in float64, with episodes that end and that are cut."""
    random = torch.Generator().manual_seed(1)

    def draw(high: int, *shape: int) -> torch.Tensor:
        return torch.randint(high, shape, generator=random)

    made = []
    for _ in range(count):
        shape = (steps, learners, rows)
        ended, cut = draw(5, *shape) == 0, draw(7, *shape) == 0
        continues = (~(ended | cut)).double()
        continues[-1] = 0.0
        made.append(
            Unroll(
                inputs=draw(STATES, steps + 1, learners, rows),
                actions=draw(ACTIONS, *shape),
                rewards=torch.randn(*shape, generator=random, dtype=torch.float64),
                alive=(~ended).double(),
                continues=continues,
                mask=torch.ones(*shape, dtype=torch.float64),
                record={},
                cut=(cut & ~ended).double(),
                cut_inputs=draw(STATES, *shape),
            )
        )
    return made


def doubled(agent: LPG, learners: int = 2) -> Learners:
    """Return new learners in float64, and make the rule's network float64 too."""
    agent.rule_network.double()
    born = agent.rule.begin(range(learners))
    random = torch.Generator().manual_seed(2)
    born = {name: part.double() for name, part in born.items()}
    noise = torch.randn(born["policy"].shape, generator=random, dtype=torch.float64)
    return {**born, "policy": born["policy"] + noise}
