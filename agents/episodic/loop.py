"""The loop of learners with episodic memory: look up, act, and write returns when they are known.

N rows: M learners of R rows each, learner-major.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.lifetimes.loop import LifetimeLoop
from ..core.nets.dnd import DND
from ..core.play.inner_loop import Rows
from ..core.play.replay import TaskReplay
from ..core.play.step import Step
from .pending import Known, Pending, Waiting
from .rule import EpisodicRule, NECRule

Captured = dict[str, torch.Tensor] | Callable[[], dict[str, torch.Tensor]]


class EpisodicLoop(LifetimeLoop):
    """Learners that remember what followed each action in each state, and act by the best.

    A return is written as soon as it is known: at an episode's end, or `horizon` steps later.
    Dictionaries and replay buffer are written in place, and belong to the loop.

    Args:
        rule: How learners value actions.
        venv: As in `InnerLoop`.
        rows_per_task: R, rows that share a learner.
        seed: As in `InnerLoop`.

    Raises:
        MemoryError: If the dictionaries do not fit into memory.
    """

    rule: Any  # an `EpisodicRule`: it values actions, and is no rule of unrolls

    def __init__(
        self,
        rule: EpisodicRule,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
    ):
        made: Any = rule
        super().__init__(made, venv, rows_per_task, seed)
        network = rule.network
        there = network.device
        self.store = DND(
            self.num_learners, network.head.n, rule.capacity, network.key_size, device=there
        )
        self.pending = Pending(self.num_rows, rule.horizon, rule.gamma, there)
        self.replay: TaskReplay | None = None
        if isinstance(rule, NECRule):
            one = network.encode(_one(network))
            fields = {"inputs": tuple(one.shape[1:]), "actions": (), "targets": ()}
            of_bytes = ("inputs",) if one.dtype == torch.uint8 else ()
            self.replay = TaskReplay(self.num_learners, rule.replay_size, fields, of_bytes)
        self._since = np.zeros(self.num_rows, dtype=np.int64)  # steps since the last update
        self._keys = torch.zeros(self.num_rows, network.key_size, device=there)
        self._best = torch.zeros(self.num_rows, device=there)
        self._truncated = rule.horizon is not None  # returns go on by a value beyond a truncation

    # ---- the inner loop -------------------------------------------------------------------------

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions in `rows`."""
        where = self.rows(rows)
        inputs = self.rule.network.encode(observation)
        if self._seen is None:
            self._seen = inputs.new_zeros(self.num_rows, *inputs.shape[1:])
        self._seen = self._seen.clone()
        self._seen[where] = inputs
        noise = None if deterministic else self._noise(rows)
        chosen = torch.zeros(self.num_rows, dtype=torch.int64)
        learners = np.unique(where // self.rows_per_task)
        self._acted[learners] = True
        for learner in learners:
            own = slice(learner * self.rows_per_task, (learner + 1) * self.rows_per_task)
            keys = self._keys_of(learner, self._seen[own])
            values, found, best = self.rule.read(self.store, int(learner), keys)
            if not self._frozen[learner]:
                mine = where[(where >= own.start) & (where < own.stop)] - own.start
                part = found.place[:, mine], found.squared[:, mine]
                self.store.touch(int(learner), type(found)(*part))
            epsilon = 0.0 if deterministic else self.rule.epsilon(float(self.ages[learner]))
            drawn = None if noise is None else noise[learner]
            chosen[own] = self.rule.network.head.choose(values, drawn, epsilon)
            self._keys[own], self._best[own] = keys, best
        return chosen.numpy()[where] + self.rule.network.head.start

    @torch.no_grad()
    def observe(self, step: Step, rows: Rows = None) -> None:
        """Remember one step of `rows`, and write the returns that it completes."""
        where = self.rows(rows)
        assert self._seen is not None
        start = self.rule.network.head.start
        known: dict[int, list[Known]] = {}
        for at, row in enumerate(where):
            learner = int(row) // self.rows_per_task
            if self._frozen[learner]:
                continue
            action, reward = int(step.action[at]) - start, float(step.reward[at])
            waiting = Waiting(
                *(self._keys[row].clone(), self._seen[row].clone(), action, reward),
                float(self._best[row]),
            )
            done = self.pending.add(int(row), waiting)
            if step.terminated[at] or step.truncated[at]:
                value = 0.0
                if self._truncated and not step.terminated[at]:
                    value = self._value_of(learner, step.next_observation, at)
                done += self.pending.end(int(row), value)
            if done:
                known.setdefault(learner, []).extend(done)
            self._since[row] += 1
        for learner, steps in known.items():
            self._write(learner, steps)
        if self.learns_by_itself and self.cursors.max() >= self.rule.n_steps:
            self.learn_now()

    def freeze(self) -> None:
        """Stop learning, until `reset`; steps whose returns are not known yet are dropped."""
        self._frozen[:] = True
        self.drop_unrolls()

    @property
    def cursors(self) -> np.ndarray:
        """Steps of each row since its learner's last update, [N]."""
        return self._since

    def drop_unrolls(self) -> None:
        """Forget the steps whose returns are not known yet."""
        self._since[:] = 0
        self.pending.forget(np.arange(self.num_rows))

    # ---- learning -------------------------------------------------------------------------------

    def learn_now(self, which: np.ndarray | None = None) -> None:
        """Take the gradient steps of learners, if their rule has any.

        Args:
            which: Learners, as integer indices; None takes those that are due.
        """
        which = np.flatnonzero(self.due()) if which is None else np.asarray(which)
        since = self._since.reshape(self.num_learners, self.rows_per_task)
        for learner in which.tolist():
            before = int(self.ages[learner])
            self.ages[learner] += int(since[learner].max())
            figures = {"entries": float(self.store.size[learner].mean())}
            if self.replay is not None:
                figures |= self._replayed(learner, before)
            figures["epsilon"] = self.rule.epsilon(float(self.ages[learner]))
            for name, value in figures.items():
                self.figures.setdefault(name, np.full(self.num_learners, np.nan))[learner] = value
        self._since[self._rows_of(which)] = 0

    def _replayed(self, learner: int, before: int) -> dict[str, float]:
        """Take a learner's gradient steps since it was `before` steps old, and return figures."""
        rule, replay = self.rule, self.replay
        assert replay is not None
        age, rate = int(self.ages[learner]), rule.updates_per_step * self.rows_per_task
        count = int(age * rate) - int(before * rate)
        if replay.size[learner] < rule.learning_starts or not count:
            return {}
        born = fold(self.seed + learner * self.rows_per_task, "life", int(self.lives[learner]))
        rng = np.random.default_rng(fold(born, "replay", age))
        own = slice(learner, learner + 1)
        params, squares = self.learners["policy"][own], self.learners["optimizer.squares"][own]
        losses = []
        for _ in range(count):
            drawn = replay.sample(np.array([learner]), rule.batch_size, rng)
            batch = {name: part[0] for name, part in drawn.items()}
            params, squares, loss = rule.update(params, squares, self.store, learner, batch)
            losses.append(loss)
        new = {"policy": params, "optimizer.squares": squares}
        everyone = self.num_learners == 1
        self._set_learners(torch.tensor([learner], device=self.device), everyone, new)
        return {"loss": float(np.mean(losses))}

    # ---- inside ---------------------------------------------------------------------------------

    def _keys_of(self, learner: int, inputs: torch.Tensor) -> torch.Tensor:
        """Return the keys [R, K] of inputs [R, ...] for a learner."""
        own = self.learners["policy"][learner : learner + 1]
        return self.rule.network.keys(own, inputs[None])[0]

    def _value_of(self, learner: int, observations: Any, at: int) -> float:
        """Return the best known value of one of some observations."""
        inputs = self.rule.network.encode(observations)[at : at + 1]
        padded = inputs.expand(self.rows_per_task, *inputs.shape[1:])  # as when acting
        keys = self._keys_of(learner, padded)[:1]
        return float(self.rule.read(self.store, learner, keys)[2])

    def _write(self, learner: int, known: Iterable[Known]) -> None:
        """Write known returns into dictionaries, and into the replay buffer."""
        known = list(known)
        mode, alpha = self.rule.mode, self.rule.alpha
        for one in known:
            key, target = one.step.key[None], torch.tensor([one.target], device=one.step.key.device)
            self.store.write(learner, one.step.action, key, target, mode, alpha)
        if self.replay is not None:
            fields = {
                "inputs": np.stack([one.step.inputs.cpu().numpy() for one in known]),
                "actions": np.array([one.step.action for one in known], dtype=np.float32),
                "targets": np.array([one.target for one in known], dtype=np.float32),
            }
            self.replay.add(learner, fields, recent=False)

    def _replace(self, which: np.ndarray) -> None:
        super()._replace(which)
        if which.size:
            self.store.clear(which)
            self.pending.forget(self._rows_of(which))
            self._since[self._rows_of(which)] = 0
            if self.replay is not None:
                self.replay.written[which] = 0

    def _first_memory(self) -> None:
        return None

    # ---- checkpoints ----------------------------------------------------------------------------

    def capture(self) -> dict[str, Captured]:
        """Return what is kept beside the learners' arrays; large parts as functions."""
        self.store.mark()
        kept: dict[str, Captured] = {
            "dictionaries": self.store.marked_state,
            "open_steps": self.pending.state(),
        }
        if self.replay is not None:
            self.replay.mark()
            kept["replay"] = self.replay.marked_state
        return kept

    def restore(self, state: Mapping[str, Mapping[str, torch.Tensor]], going_on: bool) -> None:
        """Restore what `capture` returned, where it is there.

        Args:
            state: What it returned.
            going_on: Whether the episodes go on too; else their open steps are dropped.

        Raises:
            ValueError: If it does not fit.
        """
        if "dictionaries" in state:
            self.store.set_state(state["dictionaries"])
        if "open_steps" in state and going_on:
            self.pending.set_state(state["open_steps"])
        if self.replay is not None and "replay" in state:
            self.replay.set_state(state["replay"])


def _one(network: Any) -> Any:
    """Return a batch of one observation, of the network's space."""
    sample = network.observation_space.sample()
    if isinstance(sample, dict):
        return {name: np.asarray(part)[None] for name, part in sample.items()}
    return np.asarray(sample)[None]
