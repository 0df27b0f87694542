"""Algorithmic regret: what actor-critic learners earn after a life, less what the rule's earn.

M learners of R rows each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.learning.functional import Adam
from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.lives import judge, live
from ..core.lifetimes.rule import Learners, Rule
from ..core.nets.actor_critic import ActorCritic

_RATE_OF_TABLES, _RATE = 0.1, 1e-3


def antagonist(
    network: ActorCritic, tabular: bool, n_steps: int, gamma: float, gae_lambda: float
) -> ActorCriticRule:
    """Return the learners whose returns show what a level has to give: A2C.

    Args:
        network: With the output `"value"`.
        tabular: Whether it is a table.
        n_steps: Steps of a row between updates.
        gamma: Discount.
        gae_lambda: Lambda of advantages.
    """
    rate = _RATE_OF_TABLES if tabular else _RATE
    return ActorCriticRule(
        network, Adam(eps=1e-5), n_steps, rate, gamma, gae_lambda, 0.01, 0.5, 0.5
    )  # fmt: skip


def regrets(
    venv: Any,
    rule: Rule,
    learners: Learners,
    opponent: ActorCriticRule,
    seeds: Sequence[int],
    rows_per_task: int,
    steps: int,
    episodes: int,
    tasks: Sequence[Any],
) -> np.ndarray:
    """Return the algorithmic regret of learners at the ends of their lives, [M].

    Args:
        venv: A batch of M R rows.
        rule: How the learners act.
        learners: As they are, [M, ...].
        opponent: The actor-critic, which is trained from scratch in the same levels.
        seeds: One for each learner; both sides meet the same episodes.
        rows_per_task: R.
        steps: Steps of a row of a life.
        episodes: Episodes of each row that count.
        tasks: One for each learner.

    Source:
        Jackson et al. 2023, section 3.1, with mean returns in the place of estimated values.
    """
    mine = judge(venv, rule, learners, seeds, rows_per_task, episodes, tasks)
    none = learners["policy"].new_zeros(len(seeds), 0)
    theirs = live(
        venv, opponent, none, seeds, rows_per_task, steps, episodes, tasks
    )  # fmt: skip
    return np.nan_to_num(theirs.returns.mean(axis=1)) - mine.returns.mean(axis=1)
