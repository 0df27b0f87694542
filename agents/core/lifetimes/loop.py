"""The loop that runs single-lifetime learners: act, remember, update every T steps.

N rows: M learners of R rows each, learner-major; T steps of an unroll.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import RowRandom, fold

from ..play.inner_loop import InnerLoop, Rows
from ..play.step import Step
from .kept import Kept
from .rule import Acted, Learners, Rule, Unroll

_ACTING = 100  # the stream of a row's seed for drawing actions; environments use 0-2


class LifetimeLoop(InnerLoop):
    """Learners that act in rows and learn as they go; no reset is needed between episodes.

    A learner updates itself when one of its rows has played `rule.n_steps` steps since the last
    update; if its rows are out of step (they wait for each other between episodes), it learns from
    the steps it has.

    Args:
        rule: How learners act and learn.
        venv: As in `InnerLoop`.
        rows_per_task: R, rows that share a learner.
        seed: As in `InnerLoop`; or the seeds of all rows [N].
        lifetimes: Steps of a row after which a learner is replaced by a new one, at its next
            update; one number for all, or one each [M]; None means never. `lives` counts the
            learners that a place has had; the owner of the environment gives a new one its task.
    """

    def __init__(
        self,
        rule: Rule,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | Sequence[int] | None = None,
        lifetimes: int | Sequence[int] | None = None,
    ):
        seeds = None if seed is None or isinstance(seed, int | np.integer) else list(seed)
        super().__init__(venv, rows_per_task, seed if seeds is None else seeds[0])  # type: ignore[arg-type]
        self.seeds = [self.seed + row for row in range(self.num_rows)] if seeds is None else seeds
        self.rule = rule
        self.num_learners = self.num_rows // rows_per_task
        self.lifetimes = _lifetimes(lifetimes, self.num_learners)
        self.learns_by_itself = True  # else the owner of the loop calls `learn_now`
        self.random = RowRandom(self.seeds, _ACTING)
        self.ages = np.zeros(self.num_learners, dtype=np.int64)  # steps of a row, at updates
        self.lives = np.zeros(self.num_learners, dtype=np.int64)  # number of earlier learners
        self.kept = Kept(self.num_rows, rule.n_steps)
        self.figures: dict[str, np.ndarray] = {}  # each learner's newest, [M]; NaN before the first
        self._acted = np.zeros(self.num_learners, dtype=bool)
        self._frozen = np.zeros(self.num_learners, dtype=bool)
        self.learners: Learners = self.born(np.arange(self.num_learners))
        self.memory = self._first_memory()  # [M, R, S]; None if there is none
        self._seen: torch.Tensor | None = None  # newest inputs of every row, [N, ...]

    # ---- the inner loop -------------------------------------------------------------------------

    def reset(self, rows: Rows = None) -> None:
        """Replace the learners of `rows` with new ones (if they have done anything).

        Raises:
            ValueError: If `rows` are some of a learner's rows, and not all.
        """
        chosen = np.zeros(self.num_rows, dtype=bool)
        chosen[self.rows(rows)] = True
        by_learner = chosen.reshape(self.num_learners, self.rows_per_task)
        which = np.flatnonzero(by_learner.any(axis=1))
        if not by_learner[which].all():
            raise ValueError(
                f"rows of one learner begin together: {self.rows_per_task} rows share a learner, "
                f"but rows {np.flatnonzero(chosen).tolist()} were given"
            )
        self._frozen[which] = False
        self._replace(which[self._acted[which]])

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions in `rows`."""
        where = self.rows(rows)
        inputs = self.rule.network.encode(observation)
        if rows is None or self._seen is None:
            seen = (
                inputs.new_zeros(self.num_rows, *inputs.shape[1:]) if rows is not None else inputs
            )
            self._seen = seen
        if rows is not None:
            self._seen = self._seen.clone()
            self._seen[where] = inputs
        noise = None if deterministic else self._noise(rows)
        acted = self.rule.act(self.learners, self._by_learner(self._seen), self.memory, noise)
        self._acted[where // self.rows_per_task] = True
        self._keep_acted(where, rows is None, acted)
        actions = acted.actions.reshape(self.num_rows, *acted.actions.shape[2:])
        return (actions if rows is None else actions[where]).cpu().numpy()

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Remember one step of `rows`, and learn if an unroll is full."""
        where = self.rows(rows)
        self.forget(where[step.terminated | step.truncated])
        live = ~self._frozen[where // self.rows_per_task]
        after = self.rule.network.encode(step.next_observation)
        reward, terminated, truncated = step.reward, step.terminated, step.truncated
        if not live.all():
            where, after = where[live], after[torch.from_numpy(live)]
            reward, terminated, truncated = reward[live], terminated[live], truncated[live]
        if not len(where):
            return
        self.kept.advance(where, reward, terminated, truncated, after)
        if self.learns_by_itself and self.cursors.max() >= self.rule.n_steps:
            self.learn_now()

    def freeze(self) -> None:
        """Stop learning, until `reset`; steps not yet learnt from are dropped."""
        self._frozen[:] = True
        self.cursors[:] = 0

    @property
    def cursors(self) -> np.ndarray:
        """Steps of each row since its learner's last update, [N]."""
        return self.kept.cursors

    @property
    def device(self) -> torch.device:
        """Where the learners are."""
        return self.learners["policy"].device

    def drop_unrolls(self) -> None:
        """Forget the steps not yet learnt from."""
        self.kept.clear(np.arange(self.num_rows))

    # ---- learning -------------------------------------------------------------------------------

    def due(self) -> np.ndarray:
        """Tell which learners have a full unroll, bool [M]."""
        longest = self.cursors.reshape(self.num_learners, self.rows_per_task).max(axis=1)
        return longest >= self.rule.n_steps

    def learn_now(self, which: np.ndarray | None = None) -> None:
        """Update learners from what they have played since their last update.

        Args:
            which: Learners, as integer indices; None takes those that are due.
        """
        which = np.flatnonzero(self.due()) if which is None else np.asarray(which)
        if not which.size:
            return
        unroll = self.unroll(which)
        everyone = len(which) == self.num_learners
        index = torch.from_numpy(which).to(self.device)
        chosen = self.learners if everyone else {k: v[index] for k, v in self.learners.items()}
        updated, figures = self.rule.update(chosen, unroll)
        self._set_learners(index, everyone, updated)
        for name, values in figures.items():
            known = self.figures.get(name, np.full(self.num_learners, np.nan))
            self.figures[name] = known.copy()
            self.figures[name][which] = values.detach().cpu().numpy()
        self.ages[which] += len(unroll.mask)
        self.kept.clear(self._rows_of(which))
        if self.lifetimes is not None:
            self._replace(which[self.ages[which] >= self.lifetimes[which]])

    def pop(self) -> Unroll:
        """Return what every learner has played since its last update, and begin the next unroll.

        For owners that update the learners themselves, by setting `learners`.
        """
        every = np.arange(self.num_learners)
        unroll = self.unroll(every)
        self.ages += len(unroll.mask)
        self.drop_unrolls()
        return unroll

    def unroll(self, which: np.ndarray) -> Unroll:
        """Return what learners `which` [M'] have played since their last update."""
        return self.kept.unroll(which, self.num_learners)

    # ---- inside ---------------------------------------------------------------------------------

    def born(self, which: np.ndarray) -> Learners:
        """Return new learners; their seeds do not depend on the other learners."""
        seeds = [
            fold(self.seeds[int(one) * self.rows_per_task], "learner", int(self.lives[one]))
            for one in which
        ]
        learners = self.rule.begin(seeds)
        there = learners["policy"].device  # the network's; other parts are drawn on the CPU
        learners = {name: part.to(there) for name, part in learners.items()}
        return {**learners, **self.rule.room(learners, self.rows_per_task)}

    def _replace(self, which: np.ndarray) -> None:
        if not which.size:
            return
        self.lives[which] += 1
        self.ages[which] = 0
        self._acted[which] = False
        everyone = len(which) == self.num_learners
        index = torch.from_numpy(which).to(self.device)
        self._set_learners(index, everyone, self.born(which))
        for values in self.figures.values():
            values[which] = np.nan
        self.forget(self._rows_of(which))
        self.kept.clear(self._rows_of(which))

    def _set_learners(self, index: torch.Tensor, everyone: bool, new: Learners) -> None:
        if everyone:
            self.learners = new
            return
        self.learners = {
            name: values.index_copy(0, index, new[name]) for name, values in self.learners.items()
        }

    def _rows_of(self, which: np.ndarray) -> np.ndarray:
        return (which[:, None] * self.rows_per_task + np.arange(self.rows_per_task)).ravel()

    def _by_learner(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.reshape(self.num_learners, self.rows_per_task, *rows.shape[1:])

    def _noise(self, rows: Rows) -> torch.Tensor:
        head = self.rule.network.head
        draw = self.random.uniform if head.noise_kind == "uniform" else self.random.normal
        drawn = draw(rows, head.noise_size).astype(np.float32)
        if rows is None:
            return self._by_learner(torch.from_numpy(drawn).to(self.device))
        noise = np.zeros((self.num_rows, head.noise_size), dtype=np.float32)
        noise[self.rows(rows)] = drawn
        return self._by_learner(torch.from_numpy(noise).to(self.device))

    def _keep_acted(self, where: np.ndarray, everywhere: bool, acted: Acted) -> None:
        assert self._seen is not None
        record = {f"record.{name}": part for name, part in acted.record.items()}
        parts = {"actions": acted.actions, **record}
        flat = {name: part.reshape(self.num_rows, *part.shape[2:]) for name, part in parts.items()}
        self.kept.write({"inputs": self._seen, **flat}, where, everywhere)
        if acted.memory is None or self.memory is None:
            return
        before, after = (
            part.reshape(self.num_rows, *part.shape[2:]) for part in (self.memory, acted.memory)
        )
        self.kept.write_memory(before, where)
        rows = torch.from_numpy(where).to(self.device)
        self.memory = self._by_learner(before.index_copy(0, rows, after[rows]))

    def _first_memory(self) -> torch.Tensor | None:
        return self.rule.network.first_memory(self.learners["policy"], self.rows_per_task)

    def forget(self, rows: Rows = None) -> None:
        """Begin `rows` with an empty memory, as at an episode's start."""
        rows = self.rows(rows)
        if self.memory is not None and len(rows):
            kept = torch.ones(self.num_rows)
            kept[torch.from_numpy(rows)] = 0.0
            self.memory = self.memory * self._by_learner(kept.to(self.device)).unsqueeze(-1)


def _lifetimes(given: int | Sequence[int] | None, num_learners: int) -> np.ndarray | None:
    if given is None:
        return None
    each = np.asarray(given)
    if each.dtype.kind not in "iu" or each.shape not in ((), (num_learners,)) or (each < 1).any():
        raise ValueError(
            f"lifetimes={given!r} must be a number of steps of at least 1, or one for each of "
            f"{num_learners} learners"
        )
    return np.broadcast_to(each, (num_learners,)).astype(np.int64)
