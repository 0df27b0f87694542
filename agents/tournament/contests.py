"""Two agents play each other; each sees its own side, acts, observes and adapts. N trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

from meta_envs.core.rng import fold
from meta_envs.opponents.roster import SELF

from ..core.evaluation.acting import as_trained
from ..core.play.step import Step
from ..core.play.view import open_loop

ID = "meta/Sumo-v0"
_RULES = ("rules", "time_limit", "start_radius", "episodes_per_round", "threads")


@dataclass(frozen=True)
class Counts:
    """Results of contests of a first against a second agent.

    Args:
        wins: Contests that the first has won.
        draws: Contests that nobody has won.
        losses: Contests that the second has won.
        rounds: Rounds that the first has won, that were drawn, and that it has lost.
    """

    wins: int
    draws: int
    losses: int
    rounds: tuple[int, int, int] = (0, 0, 0)

    @property
    def total(self) -> int:
        """Number of contests."""
        return self.wins + self.draws + self.losses

    def swapped(self) -> Counts:
        """Return the results as the second agent sees them."""
        return Counts(self.losses, self.draws, self.wins, self.rounds[::-1])


def play_pair(first: Any, second: Any, n_trials: int, n_rounds: int, seed: int) -> Counts:
    """Let two agents play trials of some rounds, in which both may adapt.

    Both play by the arguments that the first was trained with (rules, time limit), each with its
    own body and the size of rewards that it knows.

    Args:
        first: An agent, or anything that `evaluate` takes.
        second: Another.
        n_trials: N.
        n_rounds: Rounds of a trial.
        seed: Of places, noise and actions.

    Raises:
        ValueError: If an agent was trained on something else, or their bodies cannot meet.
    """
    known = [dict(getattr(agent, "env_kwargs", None) or {}) for agent in (first, second)]
    for agent in (first, second):
        _check(agent)
    bodies = [one.get("body", "puck") for one in known]
    shared = {name: known[0][name] for name in _RULES if name in known[0]}
    venv = _made(bodies, n_trials, n_rounds, shared)
    mirrored = venv if bodies[0] == bodies[1] else _made(bodies[::-1], n_trials, n_rounds, shared)
    try:
        loops = [
            open_loop(as_trained(agent), rows, 1, fold(seed, purpose))
            for agent, rows, purpose in ((first, venv, "first"), (second, mirrored, "second"))
        ]
        scales = [float(one.get("reward_scale", 1.0)) for one in known]
        return _played(venv, loops, scales, fold(seed, "contests"))
    finally:
        venv.close()
        mirrored.close()


def _played(venv: Any, loops: list[Any], scales: list[float], seed: int) -> Counts:
    family, contests = venv.unwrapped, venv.unwrapped.episodes_per_trial
    for loop in loops:
        loop.reset()
    other: dict[str, np.ndarray] = {}

    def act(seen: np.ndarray) -> np.ndarray:
        other["seen"], other["action"] = seen, loops[1].act(seen)
        return other["action"]

    family.other_side = act
    seen, _ = venv.reset(seed=seed)
    played = np.zeros(venv.num_envs, dtype=np.int64)
    totals = dict.fromkeys(("win", "draw", "lose", "round_win", "round_draw", "round_lose"), 0)
    while (played < contests).any():
        action = loops[0].act(seen)
        after, reward, ended, cut, infos = venv.step(action)
        successor = infos.get("final_obs", after)
        loops[0].observe(Step(seen, action, scales[0] * reward, ended, cut, successor))
        paid = scales[1] * infos["opponent_reward"]
        own = Step(other["seen"], other["action"], paid, ended, cut, family.other_saw)
        loops[1].observe(own)
        counted = (ended | cut) & (played < contests)
        both = infos["win"] & infos["lose"]  # as the release's rules allow: nobody's
        said = {**infos, "win": infos["win"] & ~both, "lose": infos["lose"] & ~both}
        said["draw"] = ~said["win"] & ~said["lose"]
        for name in totals:
            totals[name] += int((said[name] & counted).sum())
        played += ended | cut
        seen = after
    rounds = totals["round_win"], totals["round_draw"], totals["round_lose"]
    return Counts(totals["win"], totals["draw"], totals["lose"], rounds)


def _made(bodies: list[str], n_trials: int, n_rounds: int, shared: Mapping[str, Any]) -> Any:
    contests = n_rounds * int(shared.get("episodes_per_round", 3))
    return gym.make_vec(
        ID,
        num_envs=n_trials,
        body=bodies[0],
        opponent=bodies[1],
        bank=SELF,
        episodes_per_trial=contests,
        **shared,
    )


def _check(agent: Any) -> None:
    trained_on = getattr(agent, "env_id", None)
    if trained_on is not None and trained_on.rpartition(":")[2] != ID:
        raise ValueError(
            f"a tournament is of agents trained on {ID}; {type(agent).__name__} was trained on "
            f"{trained_on}"
        )
