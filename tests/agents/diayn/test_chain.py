"""On a chain of cells, every skill can be told apart: its last cell then says which it is."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

import meta_envs
from agents import DIAYN
from agents.core.play.player import Player
from agents.core.play.rounds import rounds

CHAIN = "toy/Chain-v0"


class Chain(meta_envs.MetaVectorEnv):
    """Five cells in a row, of which the middle one is the first; actions: left, stay, right."""

    def __init__(self, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"none": spaces.Discrete(1)}),
            observation_space=spaces.Discrete(5),
            action_space=spaces.Discrete(3),
            **core,
        )
        self.state = {"cell": np.zeros(self.num_envs, dtype=np.int64)}

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"none": 0}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        self.state["cell"][rows] = 2
        return self.state["cell"][rows].copy()

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        self.state["cell"] = np.clip(self.state["cell"] + actions - 1, 0, 4)
        nothing = np.zeros(self.num_envs)
        return self.state["cell"].copy(), nothing, nothing > 0, {}


meta_envs.register(
    CHAIN,
    f"{__name__}:Chain",
    max_episode_steps=4,
    episodes_per_trial=1,
    summary="A chain",
    source="tests",
)


def mutual_information(joint: np.ndarray) -> float:
    """Return the information, in nats, that one of two numbers holds of the other."""
    joint = joint / joint.sum()
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())


def test_the_last_cell_tells_the_skill():
    few = {"n_skills": 3, "n_envs": 8, "learning_starts": 64, "batch_size": 64, "gamma": 0.9}
    policy = {"net_arch": (32,), "discriminator_arch": (16,)}
    agent = DIAYN(
        "MlpPolicy", CHAIN, seed=0, learning_rate=3e-3, updates_per_step=0.25, ent_coef=0.05,
        policy_kwargs=policy, **few,
    ).learn(3200)  # fmt: skip
    venv = gym.make_vec(CHAIN, num_envs=64)
    joint = np.zeros((3, 5))
    for skill in range(3):
        player = Player(venv, agent.skill(skill).inner_loop(venv, seed=skill))
        player.reset(0)
        for step, _, _ in rounds(player, 1):
            cells = step.next_observation[step.ended]
            joint[skill] += np.bincount(cells, minlength=5)
    assert mutual_information(joint) > 0.95 * math.log(3)
