"""The base of agents that evolve by `OpenES`: jobs of members, played here or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from meta_envs.core.rng import fold

from ..learning.evolution import OpenES
from ..play.members import Played
from ..play.player import OnStep
from .arguments import argument, at_least
from .evolution_arguments import StrategyArguments
from .held import HeldTensors
from .iterations import IterativeAlgorithm
from .population import PlayableJob, play_jobs
from .training_log import record_update
from .venv import make_venv
from .window import set_window, window_of


class _Searched:
    """Declared apart: type checkers take annotations of an algorithm's class for arguments."""

    strategy: OpenES


class StrategyAlgorithm(StrategyArguments, IterativeAlgorithm, _Searched):
    """Lets members of a generation play, in jobs, on any Gymnasium id."""

    any_id: ClassVar[bool] = True

    learning_rate = 0.01
    n_envs: Any = argument(
        "Rows that play at a time, a job: its members are `n_envs / n_episodes`. None takes the "
        "whole population.",
        at_least(1),
        default=None,
        type=int | None,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        rate = values["learning_rate"]
        if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0:
            raise ValueError(
                f"learning_rate={rate!r} must be a number above 0; learning_rate_decay lowers it"
            )
        if values["population"] % 2:
            raise ValueError(
                f"population={values['population']} must be even: members come in pairs with "
                "opposite noise"
            )

    def _rows_of_member(self) -> tuple[str, int]:
        """Return the argument that says how many rows each member has, and the number."""
        return "n_episodes", self.n_episodes

    def _make_venv(self, env: Any, n_envs: int | None, env_kwargs: Any) -> Any:
        name, each = self._rows_of_member()
        whole = self.population * each
        rows = whole if n_envs is None else n_envs
        venv = make_venv(env, rows, env_kwargs, any_id=self.any_id, more=self._row_kwargs())
        members = venv.num_envs / each  # of a job
        if members % 2 or self.population % members:
            raise ValueError(
                f"n_envs={venv.num_envs} rows with {name}={each} are {members:g} "
                f"members a job, which must be even and divide population={self.population}; use "
                f"e.g. n_envs={whole}"
            )
        return venv

    def _play(self, wholes: Sequence[PlayableJob], on_step: OnStep) -> list[Any]:
        """Let the members of each job play, in parts as large as the batch of rows.

        The newest episodes of the log are in the members' order, whoever played them.

        Returns:
            What `play` of each job returned, its parts joined.
        """
        parts, owners = [], []
        for owner, whole in enumerate(wholes):
            size = max(self.n_envs * len(whole) // whole.num_rows, 1)
            for first in range(0, len(whole), size):
                parts.append(whole.part(slice(first, first + size)))
                owners.append(owner)
        window = window_of(self)
        identity = (self.env_id, {**self._row_kwargs(), **(self.env_kwargs or {})})
        played = play_jobs(parts, identity, self.venv, self.workers, on_step)
        for one in played:
            self._keep_episodes(one, window)
        set_window(self, {name: _plain(part) for name, part in window.items()})
        return [
            type(played[0]).joined(
                [one for one, whose in zip(played, owners, strict=True) if whose == owner]
            )
            for owner in range(len(wholes))
        ]

    def _keep_episodes(self, played: Played, window: dict[str, list]) -> None:
        """Let the newest episodes be in the members' order, whoever played them."""
        numbers = zip(played.returns.ravel().tolist(), played.lengths.ravel().tolist(), strict=True)
        window["episodes"] = [*window["episodes"], *map(list, numbers)]
        if played.success is not None:
            window["successes"] = [*window["successes"], *played.success.ravel().tolist()]

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {}


class OneCenter(StrategyAlgorithm):
    """Evolves one point: every generation is drawn around it, and moves it.

    Subclasses set `strategy`, call `_begin_center`, and collect with `_play`.
    """

    center_name: ClassVar[str] = "es"  # of the state in checkpoints

    def _begin_center(self, center: torch.Tensor) -> None:
        """Begin with first parameters, [P]."""
        self._state = HeldTensors(self.strategy.begin(center))

    @property
    def center(self) -> torch.Tensor:
        """The parameters that members are drawn around, [P]."""
        return self._state.tensors["center"]

    def train(self, experience: Played) -> dict[str, float]:
        """Move the center towards the members with higher returns."""
        fitness = experience.returns.mean(axis=1)
        self._state.tensors, figures = self.strategy.tell(self._state.tensors, self.seed, fitness)
        self._n_updates += 1
        return figures

    def _record(
        self, experience: Played, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        self.latest = {"ep_rew_mean": figures["fitness_mean"]}
        record_update(self, figures, seconds, dump)

    def _networks(self) -> dict[str, Any]:
        return {self.center_name: self._state}

    def _seed_of(self, purpose: str) -> int:
        """Return the seed of something in this generation."""
        return fold(self.seed, purpose, self.iteration)


def _plain(part: list) -> list:
    return [float(one) if isinstance(one, bool) else one for one in part]
