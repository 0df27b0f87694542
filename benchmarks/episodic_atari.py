"""NEC, MFEC and DQN on an Atari game at equal frames: the mean score of each part of a life.

    python benchmarks/episodic_atari.py mfec nec dqn --game MsPacman --steps 100000 --seeds 0

Four frames a step and no sticky actions. MFEC and NEC see the game's own rewards; DQN, which is
Stable-Baselines3's with the settings of RL Zoo for Atari, sees their signs. A row is ten thousand
steps of a life: the mean score of the games that ended in them. Appends to
`results/episodic_atari.csv`. The papers' medians of human-normalised scores over 57 games after a
million steps are 16.7 % (NEC), 12.8 % (MFEC) and -2.4 % (DQN).
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import gymnasium as gym
import numpy as np
from results_table import append, begins
from stable_baselines3 import DQN
from stable_baselines3.common.callbacks import BaseCallback

import agents
from meta_envs.arcade import human_normalised

TABLE = "episodic_atari.csv"
COLUMNS = "entry,game,seed,steps,games,mean_score,human_normalised,cpu_seconds"
ID, PART = "meta/Atari-v0", 10_000
OURS = {"mfec": ("MFEC", "ProjectionPolicy"), "nec": ("NEC", "CnnPolicy")}
# RL Zoo's for Atari; its ten million steps decay random actions over the first million.
_DQN: dict[str, Any] = {
    **{"buffer_size": 100_000, "learning_rate": 1e-4, "batch_size": 32, "learning_starts": 10_000},
    **{"target_update_interval": 1000, "train_freq": 4, "exploration_final_eps": 0.01},
}


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=[*OURS, "dqn"])
    parser.add_argument("--game", default="MsPacman")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    begins()
    for name in arguments.entries:
        for seed in arguments.seeds:
            run(name, arguments.game, seed, arguments.steps)


class _Scores(BaseCallback):
    """Writes the mean score of each part of a life as it ends."""

    def __init__(self, name: str, game: str, seed: int):
        super().__init__()
        self.about, self.game = (name, game, seed), game
        self.scores: list[float] = []
        self.told, self.began = 0, time.process_time()

    def _on_step(self) -> bool:
        infos = self.locals["infos"]
        self.scores += [float(one["score"]) for one in infos if "episode" in one]
        if self.num_timesteps >= self.told + PART:
            self.told = self.num_timesteps
            self._tell()
        return True

    def _tell(self) -> None:
        mean = float(np.mean(self.scores)) if self.scores else float("nan")
        counts = self.num_timesteps, len(self.scores)
        share, seconds = human_normalised(self.game, mean), time.process_time() - self.began
        append(TABLE, COLUMNS, (*self.about, *counts), (mean, share, seconds))
        self.scores = []


def run(name: str, game: str, seed: int, steps: int) -> None:
    """Live one life."""
    if name == "dqn":
        rows = agents.SB3VecEnv(gym.make_vec(ID, num_envs=1, game=game, clip_rewards=True))
        more = {"exploration_fraction": 0.1, "seed": seed, "device": "cpu"}
        model: Any = DQN("CnnPolicy", rows, **_DQN, **more)
    else:
        which, policy = OURS[name]
        model = getattr(agents, which)(policy, ID, env_kwargs={"game": game}, seed=seed)
    model.learn(steps, callback=_Scores(name, game, seed), log_interval=None)


if __name__ == "__main__":
    main()
