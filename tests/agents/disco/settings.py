"""A rule, a learner and windows of play that anybody can compute again: sines of counts.

M = 1 learner, T = 4 steps, B = 2 windows, A = 3 actions.
"""

from __future__ import annotations

import numpy as np
import torch
from gymnasium import spaces

from agents.core.lifetimes.rule import Learners
from agents.disco.meta_network import LIFE, DiscoMetaNetwork
from agents.disco.network import DiscoNetwork
from agents.disco.rule import DiscoRule
from agents.disco.weights import FILE_SHAPES, translated

STEPS, WINDOWS, ACTIONS, SEEN = 4, 2, 3, 5


def sines(shape: tuple[int, ...], first: float, scale: float = 1.0) -> np.ndarray:
    count = int(np.prod(shape))
    return scale * np.sin(first + 1.7 * np.arange(count) + 0.01 * np.arange(count) ** 1.5).reshape(
        shape
    )


def file_arrays() -> dict[str, np.ndarray]:
    return {
        name: sines(shape, number, 0.3 if len(shape) == 1 else 1.5 * shape[-2] ** -0.5)
        for number, (name, shape) in enumerate(FILE_SHAPES.items())
    }


def tensor(shape: tuple[int, ...], first: float, scale: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(sines(shape, first, scale))


def make_rule(**more: object) -> DiscoRule:
    """Return a rule in float64."""
    meta = DiscoMetaNetwork(translated(file_arrays())).double()
    box = spaces.Box(-1.0, 1.0, (SEEN,))
    network = DiscoNetwork(box, spaces.Discrete(ACTIONS), net_arch=(6,), model_size=8)
    given = {
        **{"n_steps": STEPS, "batch_size": WINDOWS, "capacity": 50, "n_updates": 1},
        **{"least_steps": STEPS + 1, "learning_rate": 1e-3, "gamma": 0.997},
        **{"retrace_lambda": 0.95, "slow_coef": 0.9, **more},
    }
    return DiscoRule(network=network, rule=meta, **given)


def make_learners(rule: DiscoRule, count: int = 1) -> Learners:
    """Return learners in the middle of their lives, in float64."""
    born = {name: part.double() for name, part in rule.begin(range(count)).items()}
    size = rule.network.layout.size
    numbers = [tensor((1, size), 3.0 + one, 0.12) for one in range(count)]
    policy = torch.cat(numbers)
    return {
        **born,
        **{"policy": policy, "slow": policy + tensor((count, size), 5.0, 0.03)},
        **{
            "life": tensor((count, LIFE), 7.0),
            "scale.mean": torch.full_like(born["scale.mean"], 0.3),
        },
        "scale.square": torch.full_like(born["scale.mean"], 0.9),
        "scale.left": torch.full_like(born["scale.mean"], 0.5),
    }


def play(learners: int = 1, cut: bool = False) -> dict[str, torch.Tensor]:
    """Return fields of windows [M, T + 1, B, ...]; an episode ends at step 1 of window 0."""
    shape = learners, STEPS + 1, WINDOWS
    ended = torch.zeros(shape, dtype=torch.float64)
    ended[:, 1, 0] = 1.0
    actions = np.arange(np.prod(shape)).reshape(shape) * 5 % 7 % ACTIONS
    return {
        **{"inputs": tensor((*shape, SEEN), 1.0), "next_inputs": tensor((*shape, SEEN), 2.0)},
        "policy": torch.log_softmax(tensor((*shape, ACTIONS), 4.0), dim=-1),
        **{"actions": torch.from_numpy(actions).double(), "rewards": tensor(shape, 6.0, 3.0)},
        **{"alive": 1 - (0 if cut else 1) * ended, "cut": ended if cut else 0 * ended},
    }
