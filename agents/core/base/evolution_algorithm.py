"""The base of agents that evolve the parameters of policies: how members play, and acting."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..nets.actor_critic import ActorCritic
from ..play.members import MembersLoop
from .evolution_arguments import EvolutionArguments, strategy
from .strategy_algorithm import StrategyAlgorithm
from .venv import check_spaces


class EvolutionAlgorithm(EvolutionArguments, StrategyAlgorithm):
    """Evolves parameters of a policy without memory, on any Gymnasium id.

    Subclasses have a `center`, collect with `_play`, and write `_setup_states`, `_collect`,
    `train`, `_record` and `_networks`.
    """

    policy_aliases = {"MlpPolicy": ActorCritic, "ActorCritic": ActorCritic}

    def _setup_model(self) -> None:
        self.network: ActorCritic = self.policy_class(  # type: ignore[assignment]
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
