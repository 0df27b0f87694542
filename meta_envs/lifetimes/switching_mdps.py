"""A library of MDPs, of which another is played every so often: N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.rng import TASKS, fold, generator
from ..core.snapshot_check import refuse, refuse_outside
from ..core.tasks import Task
from .base import LifetimeEnv
from .pictures import draw_ring

if TYPE_CHECKING:
    from typing_extensions import Unpack

_LIBRARIES = 2**31  # tasks; more than anyone meets twice
_CONCENTRATION = 1.0  # of the Dirichlet distribution of each row of transitions
_TABLE_BYTES = 8


class SwitchingMDPs(LifetimeEnv):
    """A few MDPs, drawn once a life; every so often another of them is in force.

    Tasks:
        `"library"`, `Discrete(2147483648)`: the number of a library of `mdps` random MDPs; equal
        numbers are equal libraries. Transitions are drawn from Dirichlet(1, ..., 1), rewards of
        each state and action from U(0, 1).
    Observation:
        The state, `Discrete(10)`. Nothing in it tells which MDP is in force.
    Action:
        `Discrete(5)`.
    Reward:
        That of the state and the action in the MDP in force.
        `infos["mdp"]` is its number in the library.
    Episode:
        A trial is a life, and begins in state 0 of MDP 0. After every `switch_every` steps of it
        another MDP of the library, uniformly drawn, comes into force; the state stays. Nothing ends
        a life: episodes are only cut, after 1,000 steps, and the next one goes on where the last
        one was cut. Ten episodes a trial; agents of one lifetime, and
        `evaluate(agent, id, steps=N)`, play one trial without end.
    Splits:
        `train` and `test`: even and odd numbers of libraries. `all` is both.
    Source:
        After Luketina et al. 2022, whose lifetimes of 20,000,000 steps have 4 or 1,000 MDPs
        (`mdps=1000`). Their sizes, distributions and times of switching are not known to us: those
        here are ours, and their returns do not compare.
    Versions:
        v0.

    Args:
        mdps: MDPs of a library.
        states: States of an MDP, at least 2.
        actions: Actions of an MDP, at least 2.
        switch_every: Steps that an MDP is in force.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")

    def __init__(
        self,
        mdps: int = 4,
        states: int = 10,
        actions: int = 5,
        switch_every: int = 100_000,
        **core: Unpack[CoreArguments],
    ):
        self.mdps = whole("mdps", mdps, 1)
        self.states = whole("states", states, 2)
        self.actions = whole("actions", actions, 2)
        self.switch_every = whole("switch_every", switch_every, 1)
        refuse_size("states", self.states, lambda count: 2 * count**2 * _TABLE_BYTES)
        table = self.states * (self.states + 1) * _TABLE_BYTES
        refuse_size("actions", self.actions, lambda count: count * table)
        self.row_bytes = self.actions * table
        super().__init__(
            task_space=spaces.Dict({"library": spaces.Discrete(_LIBRARIES)}),
            observation_space=spaces.Discrete(self.states),
            action_space=spaces.Discrete(self.actions),
            **core,
        )
        self.state = {
            key: np.zeros(self.num_envs, dtype=np.int64) for key in ("state", "mdp", "age")
        }
        choices = (self.num_envs, self.states, self.actions)
        self._cumulative = np.ones((*choices, self.states))  # of the MDPs in force
        self._pays = np.zeros(choices)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a library."""
        return {"library": rng.integers(_LIBRARIES)}

    def in_split(self, task: Task) -> bool:
        """Tell whether the number is even (`train`) or odd (`test`)."""
        return int(task["library"]) % 2 == (self.split == "test")

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse states and MDPs that do not exist."""
        super().check_state(state)
        refuse_outside("state.state", state["state.state"], 0, self.states - 1)
        refuse_outside("state.mdp", state["state.mdp"], 0, self.mdps - 1)
        refuse("state.age", state["state.age"], state["state.age"] < 0, "at least 0")

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Draw the MDPs in force again."""
        self._put_in_force(self.every_row)

    def tables(self, library: int, mdp: int) -> tuple[np.ndarray, np.ndarray]:
        """Return transitions [S, A, S] and rewards [S, A] of one MDP of a library."""
        rng = generator(fold(library, "mdp", mdp), TASKS)
        choices = (self.states, self.actions)
        return rng.dirichlet(np.full(self.states, _CONCENTRATION), size=choices), rng.random(
            choices
        )

    def _put_in_force(self, rows: np.ndarray) -> None:
        libraries, mdps = self.tasks["library"], self.state["mdp"]
        for row in rows.tolist():
            transitions, self._pays[row] = self.tables(int(libraries[row]), int(mdps[row]))
            cumulative = np.cumsum(transitions, axis=-1)
            # Normalised so that the last is exactly 1, above every uniform number.
            self._cumulative[row] = cumulative / cumulative[..., -1:]

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put rows whose lives begin into state 0 of MDP 0; others go on."""
        new = self.begins(rows)
        for values in self.state.values():
            values[new] = 0
        self._put_in_force(new)
        self.begin_life(new)
        return self.state["state"][rows]

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Draw the next state of every row, of another MDP where it is time."""
        age = self.state["age"]  # before this step
        due = np.flatnonzero((age > 0) & (age % self.switch_every == 0))
        self.state["age"] = age + 1
        if due.size and self.mdps > 1:
            away = 1 + (self.random.uniform(due)[:, 0] * (self.mdps - 1)).astype(np.int64)
            self.state["mdp"][due] = (self.state["mdp"][due] + away) % self.mdps
            self._put_in_force(due)
        state = self.state["state"]
        rewards = self._pays[self.every_row, state, actions]
        cumulative = self._cumulative[self.every_row, state, actions]
        reached = (cumulative <= self.random.uniform()).sum(axis=-1)
        self.state["state"] = reached
        self.note(rewards)
        ended = np.zeros(self.num_envs, dtype=bool)
        return reached.copy(), rewards, ended, {"mdp": self.state["mdp"].copy()}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the states of the MDP in force with their best rewards, and the life's rewards."""
        return draw_ring(
            self._pays[row],
            state=int(self.state["state"][row]),
            mdp=(int(self.state["mdp"][row]), self.mdps),
            life=self.life_of(row),
            step=int(self.state["age"][row]),
            to_switch=self.switch_every - int(self.state["age"][row]) % self.switch_every,
        )
