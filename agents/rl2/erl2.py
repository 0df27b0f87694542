"""E-RL2: RL2 whose first episodes are for exploring alone."""

from __future__ import annotations

import torch

from ..core.base.arguments import argument, at_least
from ..core.play.trials import Trials
from .presets import INFORMED
from .rl2 import RL2


class ERL2(RL2):
    """E-RL2 (Stadie et al. 2018, arXiv 1803.01118): RL2 whose first episodes are not paid.

    Rewards of a trial's first `exploration_episodes` count nothing in training, though the
    network still sees them; what exploring is good for comes from the returns of the
    episodes that follow. Acting is RL2's.

    Differences from the paper: PPO instead of TRPO, and all trials explore in their first episodes,
    as in the experiments of Liu et al. 2021; advantages decay slowly (`gae_lambda`), as what is
    explored pays an episode later.

    Raises:
        ValueError: If an argument is out of range, or a trial has no episode after exploring.
    """

    presets = INFORMED

    gae_lambda = 0.95
    exploration_episodes: int = argument(
        "Episodes of a trial whose rewards do not count.", at_least(0), default=1
    )

    def _setup_model(self) -> None:
        episodes = self.venv.unwrapped.episodes_per_trial
        if episodes <= self.exploration_episodes:
            raise ValueError(
                f"exploration_episodes={self.exploration_episodes} leaves none of "
                f"episodes_per_trial={episodes} to be paid for; give env_kwargs="
                f"{{'episodes_per_trial': {self.exploration_episodes + 1}}}"
            )
        super()._setup_model()

    def paid(self, trials: Trials, rewards: torch.Tensor, gamma: float) -> torch.Tensor:
        """Return the rewards, but nothing for those of exploring; and a bonus, if there is one."""
        ended = trials.ends.long()
        episode = torch.cumsum(ended, dim=0) - ended
        counted = rewards * (episode >= self.exploration_episodes)
        return super().paid(trials, counted, gamma)
