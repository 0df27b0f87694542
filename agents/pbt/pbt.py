"""PBT: a population of agents that copy the best ones and change their hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least, one_of, within
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.base.population import spelled
from ..core.base.training_log import record_update
from ..core.base.venv import ENDLESS, check_spaces, make_venv
from ..core.learning.workers import check_workers, each
from ..core.play.inner_loop import InnerLoop
from ..core.play.player import OnStep, StoppedError
from .checkpoints import Checkpoints
from .picture import lineages
from .presets import PRESETS
from .rules import EXPLOIT, check_space, draw, explore
from .segments import Outcome, Segment, is_ours, member_class, name_of_member, open_member, run

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.figure import Figure


class PBT(IterativeAlgorithm):
    """Population based training (Jaderberg et al. 2017, arXiv 1711.09846) of any agent.

    Every member trains for `ready` steps and is scored on tasks of the training split, the same
    for all; then some copy better members (networks, optimisers, everything) and change the
    hyperparameters that they copied. `inner_loop`, `predict` and `best` are of the best member.

    `member_kwargs` may give a hyperparameter of `explore` a value to begin with; others are drawn.

    Differences from the paper: members take turns in rounds, so that results depend neither on the
    number of workers nor on how fast they are; and a member is compared in every round.

    Raises:
        ImportError: If Ray is asked for and not installed.
        ValueError: If an argument is out of range.
    """

    presets = PRESETS

    algorithm: Any = argument(
        'What members are: the name of an agent (`"rl2"`), `"module:Name"` of another '
        '(`"stable_baselines3:PPO"`), or its class.',
        kw_only=False,
        type=str | type,
        first=True,
    )
    policy: Any = argument(
        'Policy of the members; `"auto"` is the first that they have.', default="auto"
    )
    learning_rate: Any = argument(
        "Learning rate that all members begin with, if it is explored; None leaves it to "
        "`member_kwargs` and to their defaults.",
        default=None,
        type=float | None,
    )
    members: int = argument("Members of the population.", at_least(2), default=8)
    member_kwargs: Any = argument(
        "Further arguments of the members' class.", default=None, type=Mapping[str, Any] | None
    )
    explore: Any = argument(
        'What is searched, by argument: `("log", low, high)`, `("uniform", low, high)` or a list; '
        "None is the learning rate.",
        default=None,
        type=Mapping[str, Any] | None,
    )
    ready: int = argument("Steps that a member trains between copies.", at_least(1), default=50_000)
    exploit: str = argument(
        '`"truncation"` replaces the worst `fraction`, `"tournament"` whoever loses to a random '
        "other: of few members, many more.",
        one_of(*sorted(EXPLOIT)),
        default="truncation",
    )
    fraction: float = argument(
        "Share of the members that truncation replaces.", within(0, 0.5), default=0.2
    )
    factors: Any = argument(
        "Numbers are multiplied by one of these when they are explored.",
        default=(0.8, 1.2),
        type=Any,
    )
    resample: float = argument(
        "Probability of drawing a hyperparameter anew instead.", within(0, 1), default=0.25
    )
    score_tasks: int = argument("Tasks that a member is scored on.", at_least(1), default=100)
    workers: Any = argument(
        'Processes that train: a number, or `"ray"` for a Ray cluster; 1 is this process. Results '
        "do not depend on it.",
        check_workers,
        default=1,
        remembered=False,
        type=Any,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        given = values["algorithm"]
        name = name_of_member(given) if isinstance(given, type) else given
        self.member_class = member_class(name)
        self._algorithm = name
        super()._check_arguments(values)
        self._space = dict(values["explore"] or {"learning_rate": ("log", 1e-5, 1e-1)})
        check_space(self._space)
        self._life = issubclass(self.member_class, LifetimeAlgorithm)

    def _get_policy_from_name(self, policy_name: str) -> Any:
        known = self.member_class.policy_aliases
        name = next(iter(known), policy_name) if policy_name == "auto" else policy_name
        self._policy_name = name
        if name not in known:
            raise ValueError(f"policy={name!r} is unknown; {self._algorithm} has {sorted(known)}")
        return known[name]

    def _make_venv(self, env: Any, n_envs: int, env_kwargs: Mapping[str, Any] | None) -> Any:
        any_id = getattr(self.member_class, "any_id", not is_ours(self.member_class))
        return make_venv(env, n_envs, env_kwargs, any_id=any_id, more=self._row_kwargs())

    def _row_kwargs(self) -> dict[str, Any]:
        return {"episodes_per_trial": ENDLESS} if self._life else {}

    def _setup_model(self) -> None:
        self.settings["algorithm"] = self.algorithm = self._algorithm
        if self.env_id is None:
            raise ValueError("members make environments of their own: give an id")
        arguments = dict(self.member_kwargs or {})
        if self.policy_kwargs:
            arguments["policy_kwargs"] = self.policy_kwargs
        if self.learning_rate is not None:
            arguments["learning_rate"] = self.learning_rate
        if is_ours(self.member_class):
            arguments.setdefault("preset", None)
        drawn = [
            draw(self._space, np.random.default_rng(fold(self.seed, "prior", member)))
            for member in range(self.members)
        ]
        begun = {name: arguments.pop(name) for name in self._space if name in arguments}
        self._arguments = {**arguments, "policy": self._policy_name}
        self._held = Checkpoints(self.members)
        self.values: list[dict[str, Any]] = [{**one, **begun} for one in drawn]
        self.scores = [float("nan")] * self.members
        self.history: list[dict[str, Any]] = []  # of each round: values, scores, parents
        self._best: tuple[int, Any] | None = None
        self._segment(0)  # names what the class does not take
        self._opened(0)

    # ---- members --------------------------------------------------------------------------------

    def _segment(self, member: int) -> Segment:
        id = str(self.env_id)
        kwargs = {
            **({"episodes_per_trial": ENDLESS} if self._life else {}),
            **(self.env_kwargs or {}),
        }
        return Segment(
            algorithm=self._algorithm,
            env=spelled((id, kwargs)),
            n_envs=self.n_envs,
            arguments={**self._arguments, **self.values[member]},
            checkpoint=self._held.contents[member],
            steps=self.ready,
            seed=fold(self.seed, "member", self.iteration * self.members + member),
            score_tasks=self.score_tasks,
            score_seed=fold(self.seed, "score", self.iteration),
        )

    def _opened(self, member: int) -> Any:
        return open_member(self._segment(member), self.venv)

    @property
    def best(self) -> Any:
        """The agent of the best member, as it was after the last round."""
        if self._best is None or self._best[0] != self.iteration:
            known = np.where(np.isnan(self.scores), -np.inf, self.scores)
            self._best = self.iteration, self._opened(int(np.argmax(known)))
        return self._best[1]

    def draw_evolution(self) -> Figure:
        """Draw scores and hyperparameters over time, by lineage.

        Returns:
            The figure, which notebooks show; `figure.savefig(path)` writes it.

        Raises:
            ValueError: If it has not trained for a round yet.
        """
        return lineages(self)

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> InnerLoop:
        """Return the best member's inner loop."""
        check_spaces(venv, self.observation_space, self.action_space)
        if is_ours(self.member_class):
            return self.best.inner_loop(venv, rows_per_task, seed)
        from ..baselines import StableBaselines

        return StableBaselines(self.best).inner_loop(venv, rows_per_task, seed)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Act as the best member does; see its class."""
        return self.best.predict(observation, state, episode_start, deterministic)

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: OnStep) -> list[Outcome]:
        segments = [self._segment(member) for member in range(self.members)]
        outcomes = []
        if self.workers == 1:
            for segment in segments:
                outcomes.append(run(segment, self.venv))
                if not on_step(outcomes[-1].steps):
                    raise StoppedError
            return outcomes
        for outcome in each(run, segments, self.workers):
            outcomes.append(outcome)
            if not on_step(outcome.steps):
                raise StoppedError
        return outcomes

    def train(self, experience: list[Outcome]) -> dict[str, float]:
        """Let the worst copy the best, and change what they copied."""
        rng = np.random.default_rng(fold(self.seed, "exploit", self.iteration))
        scores = np.array([one.score for one in experience])
        parents = EXPLOIT[self.exploit](scores, rng, self.fraction)
        self.history.append(
            {
                "timesteps": self.num_timesteps,
                "values": [dict(one) for one in self.values],
                "scores": scores.tolist(),
                "parents": parents.tolist(),
            }
        )
        before = list(self.values)
        self._held.contents = [experience[parent].checkpoint for parent in parents]
        self.scores = [float(scores[parent]) for parent in parents]
        for member, parent in enumerate(parents.tolist()):
            if parent != member:
                self.values[member] = explore(
                    self._space, before[parent], rng, self.factors, self.resample
                )
        self._n_updates += 1
        figures = {
            "score_best": float(np.nanmax(scores)) if not np.isnan(scores).all() else np.nan,
            "score_mean": float(np.nanmean(scores)) if not np.isnan(scores).all() else np.nan,
            "copied": float((parents != np.arange(self.members)).sum()),
        }
        return figures

    def _record(
        self,
        experience: list[Outcome],
        figures: dict[str, float],
        seconds: dict[str, float],
        dump: bool,
    ) -> None:
        self.latest = {"score_best": figures["score_best"]}
        newest = self.history[-1]
        for member in range(self.members):
            self.logger.record(f"member_{member}/score", newest["scores"][member])
            for name, value in newest["values"][member].items():
                if isinstance(value, int | float):
                    self.logger.record(f"member_{member}/{name}", float(value))
        record_update(self, figures, seconds, dump)

    # ---- state ----------------------------------------------------------------------------------

    def _networks(self) -> dict[str, Any]:
        return {"members": self._held}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {}

    def _extra_state(self) -> dict[str, Any]:
        return {
            "values": [dict(one) for one in self.values],
            "scores": list(self.scores),
            "history": list(self.history),
        }

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        self.values = [dict(one) for one in state["values"]]
        self.scores = list(state["scores"])
        self.history = list(state["history"])
        self._best = None
