"""POET: pairs of tasks and agents; tasks mutate, agents evolve and move between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.evolution_algorithm import EvolutionAlgorithm
from ..core.base.training_log import record_update
from ..core.base.venv import is_foreign
from ..core.play.player import OnStep
from .arena import Playground
from .niches import Event, Niche, Rules, Task
from .novelty import GeneDistance, Novelty
from .pairs import Pairs, only_center
from .picture import tree
from .presets import PRESETS
from .reproduction import reproduce
from .transfers import TakeTheBest, Transfers

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.figure import Figure


@dataclass
class Outcome:
    """What an iteration found; it is in force after `train`."""

    niches: list[Niche]
    retired: list[Niche]
    admitted: list[Task]
    events: list[Event]
    figures: dict[str, float]


class POET(EvolutionAlgorithm):
    """Paired open-ended trailblazer (Wang et al. 2019, arXiv 1901.01753): tasks evolve with agents.

    Begins with one easy task and one agent. Every iteration improves each agent in its own task by
    a step of an evolution strategy; every `transfer_interval` iterations each task takes the best
    agent there is for it; every `reproduction_interval` iterations tasks whose agents score at
    least `reproduce_at` are mutated (the family's `mutate_task`), and a child is admitted if its
    best agent's score is between `lowest` and `highest`. Works on every task distribution.

    `niches` are the active pairs, `history` what happened. `inner_loop` and `predict` act with the
    agent of `chosen`: the newest niche with a score of at least `solved_at`, else the best one.

    Differences from the release: agents have no tanh at the end (the environment clips actions);
    members of equal return have equal ranks; a task family without `novelty_features` is measured
    by its numbers, each divided by its range.

    Raises:
        TypeError: If the environment has no tasks that could evolve.
        ValueError: If an argument is out of range.
    """

    any_id = False
    presets = PRESETS
    paper_policy = {"net_arch": (40, 40)}
    transfers: ClassVar[Transfers] = TakeTheBest()
    novelty: ClassVar[Novelty] = GeneDistance()
    keeps_retired: ClassVar[bool] = False

    population = 512
    sigma_decay = 0.999
    learning_rate_decay = 0.9999
    l2_coef = 0.01
    first_task: Any = argument(
        "The first task; None takes the family's easiest, or the first of the seed's stream.",
        default=None,
        type=Mapping[str, Any] | None,
    )
    transfer_interval: int = argument("Iterations between transfers.", at_least(1), default=25)
    reproduction_interval: int = argument("Iterations between mutations.", at_least(1), default=150)
    reproduce_at: float = argument("Score of an agent whose task may have children.", default=200.0)
    lowest: float = argument("Least score that a child's agent must have.", default=50.0)
    highest: float = argument("Highest score that it may have.", default=300.0)
    solved_at: float = argument("Score at which a task counts as solved.", default=230.0)
    children: int = argument("Children that are tried at a time.", at_least(1), default=8)
    admitted: int = argument("Children that are admitted at a time.", at_least(1), default=1)
    neighbours: int = argument("Nearest tasks that novelty is measured by.", at_least(1), default=5)
    capacity: int = argument("Pairs that are active; the oldest leave.", at_least(1), default=20)
    eval_episodes: int = argument("Episodes of a score.", at_least(1), default=5)

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if values["lowest"] >= values["highest"]:
            raise ValueError(
                f"lowest={values['lowest']} must be below highest={values['highest']}: children "
                "are admitted between them"
            )

    def _make_venv(self, env: Any, n_envs: int | None, env_kwargs: Any) -> Any:
        named = isinstance(env, str) and not is_foreign(env)
        if named and "split" not in (env_kwargs or {}):
            env_kwargs = {**(env_kwargs or {}), "split": "all"}  # evolution leaves a training split
        return super()._make_venv(env, n_envs, env_kwargs)

    def _setup_states(self, center: torch.Tensor) -> None:
        family = self.venv.unwrapped
        if not family.single_task_space.spaces:
            raise TypeError(f"{self.env_id or family} has no tasks that could evolve")
        kwargs = dict(self.env_kwargs or {})
        if "split" not in kwargs and self.env_id is not None:
            self.env_kwargs = self.settings["env_kwargs"] = {**kwargs, "split": family.split}
        self.rules = Rules(
            *(self.reproduce_at, self.lowest, self.highest, self.children),
            *(self.admitted, self.neighbours, self.capacity),
        )
        task = self.first_task
        if task is None and hasattr(family, "easiest_task"):
            task = family.easiest_task()
        if task is None:
            task = _tasks.at(family.sample_tasks(1, seed=fold(self.seed, "first task")), 0)
        task = family.distribution.checked(task)
        state = self.strategy.begin(center)
        self._held = Pairs([Niche(0, task, state, float("nan"), None, 0)])
        self._solved: set[int] = set()  # numbers of the tasks that are or were
        self.archive: list[Task] = [task]  # of all pairs there have been
        self.history: list[dict[str, Any]] = [_event(Event("admission", 0), 0, None, task)]

    @property
    def niches(self) -> list[Niche]:
        """The active pairs, the oldest first."""
        return self._held.niches

    @property
    def retired(self) -> list[Niche]:
        """The pairs that have left, where they are kept; of their agents, parameters alone."""
        return self._held.retired

    @property
    def annecs(self) -> int:
        """Novel tasks that have been solved; 0 where no retired agents tell what is novel."""
        novel = {one["niche"] for one in self.history if one.get("novel")}
        return len(novel & self._solved)

    @property
    def chosen(self) -> Niche:
        """The newest pair that is solved; if none is, the one with the best score."""
        solved = [one for one in self.niches if one.score >= self.solved_at]
        known = [-np.inf if np.isnan(one.score) else one.score for one in self.niches]
        return solved[-1] if solved else self.niches[int(np.argmax(known))]

    @property
    def center(self) -> torch.Tensor:
        """The parameters of `chosen`, [P]."""
        return self.chosen.state["center"]

    def draw_evolution(self) -> Figure:
        """Draw the family tree of tasks, transfers, and what evolution achieved.

        Returns:
            The figure, which notebooks show; `figure.savefig(path)` writes it.
        """
        return tree(self)

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> Outcome:
        arena = Playground(self, on_step)
        niches, retired, events, admitted = list(self.niches), list(self.retired), [], []
        if self.iteration and self.iteration % self.reproduction_interval == 0:
            niches = arena.scored(niches)
            rng = np.random.default_rng(fold(self.seed, "reproduction", self.iteration))
            before = {one.number: one for one in niches}
            niches, found = reproduce(
                *(niches, self.archive, arena, self.rules, self.iteration, len(self.archive), rng),
                novelty=self.novelty,
                retired=retired if self.keeps_retired else None,
            )
            events += found
            admitted = [one.task for one in niches if one.number not in before]
            if self.keeps_retired:
                stayed = {one.number for one in niches}
                retired += [only_center(one) for one in before.values() if one.number not in stayed]
        states = arena.improve([one.state for one in niches], [one.task for one in niches])
        figures = arena.figures
        niches = [replace(one, state=state) for one, state in zip(niches, states, strict=True)]
        niches = self.transfers.after_step(niches, arena)
        if (self.iteration + 1) % self.transfer_interval == 0:
            niches, found = self.transfers(niches, arena)
            events += found
        figures["tuning_steps"] = float(arena.improved - len(niches))
        return Outcome(niches, retired, admitted, events, figures)

    def train(self, experience: Outcome) -> dict[str, float]:
        """Put what the iteration found in force."""
        self._held.niches, self._held.retired = experience.niches, experience.retired
        self.archive = [*self.archive, *experience.admitted]
        known = {one.number: one for one in experience.niches}
        for event in (*experience.events, *self._newly_solved()):
            new = known.get(event.niche) if event.kind == "admission" else None
            origin = (None, None) if new is None else (new.parent, new.task)
            self.history.append(_event(event, self.iteration, *origin))
        self._n_updates += len(experience.niches)
        scores = [one.score for one in experience.niches if not np.isnan(one.score)]
        found = {"annecs": float(self.annecs)} if self.keeps_retired else {}
        return {
            **{**experience.figures, **found},
            "niches": float(len(experience.niches)),
            "niches_ever": float(len(self.archive)),
            "solved": float(sum(score >= self.solved_at for score in scores)),
            "transfers": float(sum(one["kind"] == "transfer" for one in self.history)),
            "score_best": max(scores, default=float("nan")),
        }

    def _newly_solved(self) -> list[Event]:
        """Return an event for each active task that is solved for the first time."""
        found = [
            Event("solved", one.number, one.number, one.score)
            for one in self.niches
            if one.score >= self.solved_at and one.number not in self._solved
        ]
        self._solved |= {one.niche for one in found}
        return found

    def _record(
        self, experience: Outcome, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        shown = ("niches", "fitness_mean", "annecs")
        self.latest = {name: figures[name] for name in shown if name in figures}
        record_update(self, figures, seconds, dump)

    # ---- state ----------------------------------------------------------------------------------

    def _networks(self) -> dict[str, Any]:
        return {"niches": self._held}

    def _extra_state(self) -> dict[str, Any]:
        return {
            "pairs": [_described(one) for one in self.niches],
            **({"retired": [_described(one) for one in self.retired]} if self.retired else {}),
            **{"archive": list(self.archive), "history": list(self.history)},
        }

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        self._held.describe(state["pairs"], state.get("retired", ()))
        self.archive = [dict(one) for one in state["archive"]]
        self.history = [dict(one) for one in state["history"]]
        self._solved = {one["niche"] for one in self.history if one["kind"] == "solved"}


def _described(niche: Niche) -> dict[str, Any]:
    """Return what a checkpoint keeps of a pair beside tensors."""
    names = ("number", "score", "parent", "born")
    recent = {"recent": list(niche.recent)} if niche.recent else {}
    return {**{name: getattr(niche, name) for name in names}, "task": niche.task, **recent}


def _event(event: Event, iteration: int, parent: int | None, task: Task | None) -> dict[str, Any]:
    """Return an event as JSON."""
    more = {} if task is None else {"parent": parent, "task": _jsonable(task)}
    return {"iteration": iteration, **asdict(event), **more}


def _jsonable(task: Task) -> dict[str, Any]:
    return {key: np.asarray(value).tolist() for key, value in task.items()}
