"""A walk that nobody steers, whose end pays: what a learner of values is shown. N rows, R some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import number, whole
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from .base import LifetimeEnv
from .pictures import draw_chain

if TYPE_CHECKING:
    from typing_extensions import Unpack


class RandomWalk(LifetimeEnv):
    """A random walk over a few states between two ends, one of which pays: values to learn.

    Tasks:
        `"paying"`, `Discrete(2)`: the end that pays, 0 left or 1 right, equally likely. Sutton's
        walk is the task 1.
    Observation:
        The state, `Discrete(7)` for five states: 0 is the left end, 1 to 5 the states, 6 the right
        end.
    Action:
        `Discrete(1)`: nothing to choose. Each step goes left or right with probability 1/2.
    Reward:
        0, but for the step to the paying end, which pays 1. With `flip_every` its sign changes
        every that many episodes of the trial; with `drift` it takes a Gaussian step of that
        deviation before each episode but a trial's first, reflected at -1 and 1.
        `infos["pays"]` is what the paying end paid in this episode.
    Episode:
        Begins in the middle state; terminates at an end. 100 episodes a trial.
    Splits:
        `all`.
    Source:
        Sutton and Barto 2018, example 6.2, whose values are 1/6, ..., 5/6 (see `state_values`);
        changing rewards: Xu et al. 2020 (FRODO). How they change is ours.
    Versions:
        v0.

    Args:
        states: States between the ends, odd, so that one is in the middle.
        flip_every: Episodes after which the sign of the reward changes; 0 means never.
        drift: Standard deviation of the reward's change from episode to episode; 0 for none.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    task_labels = {"paying": ("left", "right")}

    action_names = ("wait",)

    def __init__(
        self,
        states: int = 5,
        flip_every: int = 0,
        drift: float = 0.0,
        **core: Unpack[CoreArguments],
    ):
        self.states = whole("states", states, 1)
        if self.states % 2 == 0:
            raise ValueError(f"states={states} has no middle; it must be odd, e.g. {states + 1}")
        self.flip_every = whole("flip_every", flip_every, 0)
        self.drift = number("drift", drift, 0.0, 1.0)
        super().__init__(
            task_space=spaces.Dict({"paying": spaces.Discrete(2)}),
            observation_space=spaces.Discrete(self.states + 2),
            action_space=spaces.Discrete(1),
            **core,
        )
        # `level` drifts; what the end pays is `level` or minus it
        self.state = {
            "place": np.ones(self.num_envs, dtype=np.int64),
            "level": np.ones(self.num_envs),
        }

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the end that pays."""
        return {"paying": rng.integers(2)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({"paying": 0}, {"paying": 1})

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places that do not exist, and rewards that nothing drifts to."""
        super().check_state(state)
        refuse_outside("state.place", state["state.place"], 0, self.states + 1)
        refuse_outside("state.level", state["state.level"], -1.0, 1.0)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, the last trial's returns."""
        self.begin_life(rows)

    def pays(self) -> np.ndarray:
        """Return what the paying end pays in the current episode, [N]."""
        if not self.flip_every:
            return self.state["level"].copy()
        flips = (self._clock.episode - 1) // self.flip_every
        return np.where(flips % 2, -self.state["level"], self.state["level"])

    def state_values(self) -> np.ndarray:
        """Return the exact undiscounted values of the states, [N, states], at current rewards."""
        share = np.arange(1, self.states + 1) / (self.states + 1)
        right = self.tasks["paying"] == 1
        return self.pays()[:, None] * np.where(right[:, None], share, 1 - share)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` into the middle, and let their rewards drift."""
        middle = (self.states + 1) // 2
        self.state["place"][rows] = middle
        first = self.begins(rows)
        self.state["level"][first] = 1.0
        later = np.setdiff1d(rows, first)
        if self.drift and later.size:
            level = self.state["level"][later] + self.drift * self.random.normal(later)[:, 0]
            self.state["level"][later] = _reflected(level)
        return np.full(len(rows), middle, dtype=np.int64)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Take a random step in every row."""
        place = self.state["place"] + np.where(self.random.uniform()[:, 0] < 0.5, -1, 1)
        self.state["place"] = place
        ended = (place == 0) | (place == self.states + 1)
        pays = self.pays()
        paid = place == np.where(self.tasks["paying"] == 1, self.states + 1, 0)
        rewards = np.where(paid, pays, 0.0)
        self.note(rewards, ended)
        return place.copy(), rewards, ended, {"pays": pays}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the states with their values, and the returns of this trial."""
        values = self.state_values()[row].tolist()
        ends = [0.0, 0.0]
        ends[int(self.tasks["paying"][row])] = float(self.pays()[row])
        labels = [f"{ends[0]:+.2g}", *(f"{value:+.2f}" for value in values), f"{ends[1]:+.2g}"]
        kinds = ["end", *["state"] * self.states, "end"]
        kinds[-1 if self.tasks["paying"][row] else 0] = "paying"
        return draw_chain(
            "RandomWalk",
            labels,
            kinds,
            place=int(self.state["place"][row]),
            life=self.life_of(row),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            legend={"paying": "end that pays", "state": "state, with its value (hidden)"},
        )


def _reflected(level: np.ndarray) -> np.ndarray:
    level = np.where(level > 1.0, 2.0 - level, level)
    return np.clip(np.where(level < -1.0, -2.0 - level, level), -1.0, 1.0)
