"""The base of agents that evolve how learners learn, judged by whole trainings.

M members of a generation: trainings of R rows each; P numbers that are evolved.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..lifetimes.lives import Lived, live
from ..lifetimes.loop import LifetimeLoop
from ..lifetimes.rule import Rule
from ..nets.actor_critic import ActorCritic, CnnActorCritic
from ..play.player import OnStep
from .agent_arguments import SharedRowsArguments
from .arguments import above, argument, at_least
from .evolution_arguments import strategy
from .lifetime_algorithm import LifetimeAlgorithm
from .population import Around
from .strategy_algorithm import OneCenter
from .venv import ENDLESS, check_spaces


@dataclass(frozen=True)
class LivesJob:
    """Members, and the trainings that judge them."""

    rule: Rule
    members: Around
    seeds: tuple[int, ...]  # one each
    tasks: Sequence[Any] | None  # one each
    rows_per_task: int
    steps: int
    episodes: int

    def __len__(self) -> int:
        """Return M."""
        return len(self.members)

    @property
    def num_rows(self) -> int:
        """M R."""
        return len(self) * self.rows_per_task

    def part(self, which: slice) -> LivesJob:
        """Return some members."""
        tasks = None if self.tasks is None else self.tasks[which]
        return replace(self, members=self.members[which], seeds=self.seeds[which], tasks=tasks)

    def play(self, venv: Any, on_step: OnStep | None = None) -> Lived:
        """Train in a batch of M R rows."""
        return live(
            *(venv, self.rule, self.members.params(), self.seeds, self.rows_per_task),
            *(self.steps, self.episodes, self.tasks, on_step),
        )


class LivesArguments(SharedRowsArguments):
    """Arguments of agents that evolve how learners learn."""

    n_envs: Any = argument(
        "Rows that play at a time, a job: its members are `n_envs / rows_per_task`. None takes the "
        "whole population.",
        at_least(1),
        default=None,
        type=int | None,
    )
    rows_per_task = 4
    life: int = argument("Steps of a row in a training.", at_least(1), default=2048)
    n_steps: int = argument("Steps of a row between a learner's updates.", at_least(1), default=128)
    agent_learning_rate: float = argument(
        "Learning rate of the learners.", above(0), default=7.5e-4
    )


class LearningEvolution(LivesArguments, OneCenter):
    """Evolves what learners learn by; members are whole trainings from scratch, side by side.

    Both members of a pair begin with the same policy in the same task, and meet the same noise.
    Fitness is the mean return of `n_episodes` episodes of each row after the training.
    Subclasses write `_make_rule`, `_first` and `make_learner`.
    """

    policy_aliases = {
        "MlpPolicy": ActorCritic,
        "CnnPolicy": CnnActorCritic,
        "ActorCritic": ActorCritic,
    }
    center_name = "found"

    def _rows_of_member(self) -> tuple[str, int]:
        return "rows_per_task", self.rows_per_task

    def _row_kwargs(self) -> dict[str, Any]:
        return {"episodes_per_trial": ENDLESS}

    def _setup_model(self) -> None:
        self.network: ActorCritic = self._make_network(self.observation_space, self.action_space)
        self.policy = self.network
        self.strategy = strategy(self)
        self._begin_center(self._first())
        self._make_rule(self.network)  # which refuses what does not fit

    def _make_network(self, observation_space: Any, action_space: Any, **more: Any) -> ActorCritic:
        return self.policy_class(  # type: ignore[return-value]
            observation_space, action_space, **{**more, **self.policy_kwargs}
        )

    @abstractmethod
    def _make_rule(self, network: ActorCritic, training: bool = False) -> Rule:
        """Return how learners with this network learn: by the center, or by an array `FOUND`.

        Args:
            network: The network of their policies.
            training: Whether it is to judge members, and not for use.
        """

    @abstractmethod
    def _first(self) -> torch.Tensor:
        """Return the first parameters of what is evolved, [P]."""

    @abstractmethod
    def make_learner(self, env: Any, **arguments: Any) -> LifetimeAlgorithm:
        """Return a new agent of one lifetime that learns by what was found."""

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> LifetimeLoop:
        """Return new learners, one for each `rows_per_task` rows, that learn by what was found."""
        spaces = venv.single_observation_space, venv.single_action_space
        network = self.network
        if not getattr(self, "any_spaces", False):
            check_spaces(venv, self.observation_space, self.action_space)
        elif spaces != (self.observation_space, self.action_space):
            network = self._make_network(*spaces)
        return LifetimeLoop(self._make_rule(network), venv, rows_per_task, seed)

    def _collect(self, on_step: OnStep) -> Lived:
        job = LivesJob(
            self._make_rule(self.network, training=True),
            Around.of(self.strategy, self._state.tensors, self.seed),
            *self._pairs(),
            self.rows_per_task,
            self._steps_of_life(),
            self.n_episodes,
        )
        return self._play([job], on_step)[0]

    def _steps_of_life(self) -> int:
        """Return the steps of a row in the trainings of this generation."""
        return self.life

    def _pairs(self) -> tuple[tuple[int, ...], list[Any] | None]:
        """Return seeds and tasks of all members; those of a pair are the same."""
        pairs = range(self.population // 2)
        seed = self._seed_of("learners")
        seeds = tuple(fold(seed, "pair", pair) for pair in pairs for _ in range(2))
        venv = self.venv.unwrapped
        if not venv.single_task_space.spaces:
            return seeds, None
        drawn = venv.sample_tasks(len(pairs), seed=self._seed_of("tasks"))
        return seeds, [_tasks.at(drawn, pair) for pair in pairs for _ in range(2)]

    def _keep_episodes(self, played: Any, window: dict[str, list]) -> None:
        """Let the log's newest episodes be those after training, of learners that were not lost."""
        known = ~np.isnan(played.returns)
        success = None if played.success is None else played.success[known]
        super()._keep_episodes(
            type(played)(played.returns[known], played.lengths[known], success), window
        )

    # ---- state ----------------------------------------------------------------------------------

    def _acts_with(self, network: str, tensor: str) -> bool:
        return tensor == "center"

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Act as a learner that has learnt nothing."""
        rule = self._make_rule(self.network)
        inputs = self.network.encode(observations)
        noise = None if deterministic else self._predict_noise(self.network.head, len(inputs))[None]
        learners = rule.begin([fold(self.seed, "predict")])
        return rule.act(learners, inputs[None], None, noise).actions[0].numpy(), state
