"""A sound agent, and toy agents that break one law each."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from agents import InnerLoop, TrialAlgorithm, argument, losses
from agents.core.losses.finite import NotFiniteError
from agents.core.play.recurrent import RecurrentInnerLoop


class Sound(TrialAlgorithm):
    """REINFORCE over whole trials."""

    def _make_optimizer(self):
        return torch.optim.Adam(self.policy.parameters())

    def loss(self, batch, progress):
        params, value = self.policy(batch.inputs)
        log_prob = self.policy.head.log_prob(params, batch.actions)
        gain = losses.policy_gradient(log_prob, batch.advantages, batch.mask)
        return gain + losses.value_loss(value, batch.returns, batch.mask), {"gain": gain}


class Silent(Sound):
    """An argument of which nothing is said."""

    width: int = argument("", default=1)


class Opaque(Sound):
    """An argument that no file can hold."""

    shape: Any = argument("A function.", default=abs)


class Loop(RecurrentInnerLoop):
    pass


class WithLoop(Sound):
    """Plays with a loop of its own."""

    loop_class: type = Loop

    def inner_loop(self, venv, rows_per_task=1, seed=None):
        super().inner_loop(venv, rows_per_task, seed)
        return self.loop_class(self.policy, venv, rows_per_task, seed)


class OutsideLoop(Loop):
    def act(self, observation, rows=None, deterministic=False):
        return super().act(observation, rows, deterministic) + 7


class Outside(WithLoop):
    """Acts out of bounds."""

    loop_class = OutsideLoop


class CommonLoop(Loop):
    def act(self, observation, rows=None, deterministic=False):
        if not hasattr(self, "common"):
            self.common = np.random.default_rng(self.seed)
        return self.common.integers(2, size=len(super().act(observation, rows, deterministic)))


class Common(WithLoop):
    """One generator for all rows."""

    loop_class = CommonLoop


class PeekingLoop(Loop):
    def act(self, observation, rows=None, deterministic=False):
        super().act(observation, rows, deterministic)
        best = self.venv.unwrapped.tasks["means"].argmax(axis=1)
        return best if rows is None else best[rows]


class Peeking(WithLoop):
    """Looks up which arm is the best."""

    loop_class = PeekingLoop


class AnySpace(Sound):
    """Plays wherever it is put."""

    def inner_loop(self, venv, rows_per_task=1, seed=None):
        return RecurrentInnerLoop(self.policy, venv, rows_per_task, seed)


class Seedless(Sound):
    """The same first weights and minibatches for every seed."""

    def _setup_model(self):
        seed, self.seed = self.seed, 0
        super()._setup_model()
        self.seed = seed

    def _collect(self, on_step):
        seed, self.seed = self.seed, 0
        try:
            return super()._collect(on_step)
        finally:
            self.seed = seed


class Clocked(Sound):
    """Draws by the clock."""

    def loss(self, batch, progress):
        total, figures = super().loss(batch, progress)
        return total * (1 + time.perf_counter() % 1), figures


class Global(Sound):
    """Draws from torch's global generator."""

    def loss(self, batch, progress):
        total, figures = super().loss(batch, progress)
        return total + torch.randn(()), figures


class Forgetful(Sound):
    """Counts its updates, and does not save the number."""

    count = 0

    def loss(self, batch, progress):
        self.count += 1
        total, figures = super().loss(batch, progress)
        figures["gain"] = figures["gain"] * self.count
        head = next(self.policy.parameters())
        return total + self.count * (head**2).sum(), figures


class Deaf(Sound):
    """Collects without callbacks."""

    def _collect(self, on_step):
        def counted(step):
            on_step(step)
            return True

        return super()._collect(counted)


class Stoic(Sound):
    """Learns from the last trials again where the new ones are not finite."""

    def _collect(self, on_step):
        try:
            self.trials = super()._collect(on_step)
        except NotFiniteError:
            self.num_timesteps += 1_000
        return self.trials


# The law that each of them breaks, and words of the complaint.
BROKEN = {
    Silent: ("arguments", "['width'] have no sentence"),
    Opaque: ("settings", "['shape'] cannot be saved"),
    Outside: ("actions", "which is not in Discrete(5)"),
    Common: ("rows", "beside others and alone"),
    Peeking: ("tasks", "in environments with other tasks"),
    AnySpace: ("spaces", "inner_loop in meta/"),
    Seedless: ("seeds", "seeds 0 and 1 train the same weights"),
    Clocked: ("seeds", "after two trainings with one seed policy"),
    Global: ("seeds", "training changed the global generator of ['torch']"),
    Forgetful: ("resume", "loaded and trained to the end, policy: "),
    Deaf: ("callbacks", "after a callback answered False there were"),
    Stoic: ("finite", "learn with rewards that are NaN was accepted"),
}


class Alternating(InnerLoop):
    """Pulls the arms in turn."""

    def reset(self, rows=None):
        if rows is None:
            self.pulls = np.zeros(self.num_rows, dtype=np.int64)
        self.pulls[self.rows(rows)] = 0

    def act(self, observation, rows=None, deterministic=False):
        where = self.rows(rows)
        self.pulls[where] += 1
        return self.pulls[where] % self.venv.single_action_space.n


class HandMade:
    """Acts, and learns nothing across trials."""

    def inner_loop(self, venv, rows_per_task=1, seed=None):
        return Alternating(venv, rows_per_task, seed)


class Miscounting(Alternating):
    def act(self, observation, rows=None, deterministic=False):
        self.pulls += 1  # of every row, whichever acts
        return self.pulls[self.rows(rows)] % self.venv.single_action_space.n


class HandMadeWrongly:
    """Writes into rows that do not act."""

    def inner_loop(self, venv, rows_per_task=1, seed=None):
        return Miscounting(venv, rows_per_task, seed)
