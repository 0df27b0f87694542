"""The base of agents that evolve the parameters of policies: how members play, and acting."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..nets.actor_critic import ActorCritic
from ..play.members import MembersLoop, Played
from ..play.player import OnStep
from .arguments import argument, at_least
from .evolution_arguments import EvolutionArguments, strategy
from .iterations import IterativeAlgorithm
from .population import Job, play_jobs
from .venv import check_spaces, make_venv
from .window import set_window, window_of


class EvolutionAlgorithm(EvolutionArguments, IterativeAlgorithm):
    """Evolves parameters of a policy without memory, on any Gymnasium id.

    Subclasses have a `center`, collect with `_play`, and write `_setup_states`, `_collect`,
    `train`, `_record` and `_networks`.
    """

    any_id: ClassVar[bool] = True
    policy_aliases = {"MlpPolicy": ActorCritic, "ActorCritic": ActorCritic}
    network: ActorCritic

    learning_rate = 0.01
    n_envs: int | None = argument(  # type: ignore[assignment]
        "Rows that play at a time, a job: its members are `n_envs / n_episodes`. None takes the "
        "whole population.",
        at_least(1),
        default=None,
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

    def _make_venv(self, env: Any, n_envs: int | None, env_kwargs: Any) -> Any:
        whole = self.population * self.n_episodes
        rows = whole if n_envs is None else n_envs
        venv = make_venv(env, rows, env_kwargs, any_id=self.any_id)
        members = venv.num_envs / self.n_episodes  # of a job
        if members % 2 or self.population % members:
            raise ValueError(
                f"n_envs={venv.num_envs} rows with n_episodes={self.n_episodes} are {members:g} "
                f"members a job, which must be even and divide population={self.population}; use "
                f"e.g. n_envs={whole}"
            )
        return venv

    def _setup_model(self) -> None:
        self.network = self.policy_class(  # type: ignore[assignment]
            self.observation_space,
            self.action_space,
            **{"outputs": {}, **self.policy_kwargs},
        )
        self.policy = self.network
        self.strategy = strategy(self)
        self._setup_states(self.network.begin([fold(self.seed, "weights")])[0])

    @abstractmethod
    def _setup_states(self, center: torch.Tensor) -> None:
        """Begin with the first parameters, [P]."""

    @property
    @abstractmethod
    def center(self) -> torch.Tensor:
        """The parameters that `inner_loop` and `predict` act with, [P]."""

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> MembersLoop:
        """Return the policy at the center, which does not learn within a trial."""
        check_spaces(venv, self.observation_space, self.action_space)
        params = self.center[None]
        return MembersLoop(self.network, params, venv, rows_per_task, seed, self.sampled)

    def _play(self, wholes: Sequence[Job], on_step: OnStep) -> list[Played]:
        """Let the members of each job play, in parts as large as the batch of rows.

        The newest episodes of the log are in the members' order, whoever played them.
        """
        parts, owners = [], []
        for owner, whole in enumerate(wholes):
            size = max(self.n_envs // whole.seeds.shape[1], 1)
            for first in range(0, len(whole.seeds), size):
                parts.append(whole.part(slice(first, first + size)))
                owners.append(owner)
        window = window_of(self)
        identity = (self.env_id, self.env_kwargs or {})
        played = play_jobs(parts, identity, self.venv, self.workers, on_step)
        for one in played:
            self._keep_episodes(one, window)
        set_window(self, {name: _plain(part) for name, part in window.items()})
        return [
            Played.joined(
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

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Act with the center, on raw observations.

        Args:
            observation: One observation, or those of R rows.
            state: Not used; there is none.
            episode_start: Not used.
            deterministic: Take the most probable action, also if members sample.

        Returns:
            One action, or actions [R, ...], and `state`.
        """
        shown = np.asarray(observation)
        single = shown.shape == (self.observation_space.shape or ())
        inputs = self.network.encode(shown[None] if single else shown)
        head = self.network.head
        with torch.no_grad():
            policy = self.network.forward(self.center[None], inputs[None])["policy"][0]
        if deterministic or not self.sampled:
            actions = head.mode(policy).numpy()
        else:
            random = self._predict_random
            draw = random.random if head.noise_kind == "uniform" else random.standard_normal
            noise = torch.from_numpy(draw((len(inputs), head.noise_size)).astype(np.float32))
            actions = head.sample(policy, noise).numpy()
        return (actions[0] if single else actions), state

    @property
    def _predict_random(self) -> np.random.Generator:
        if not hasattr(self, "_predict_generator"):
            self._predict_generator = np.random.default_rng(fold(self.seed, "predict"))
        return self._predict_generator


def _plain(part: list) -> list:
    return [float(one) if isinstance(one, bool) else one for one in part]
