"""What agents with episodic memory share: arguments, the loop, checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.base.agent_arguments import DiscountArguments
from ..core.base.arguments import argument, at_least, within
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.base.venv import check_spaces
from .loop import EpisodicLoop


class EpisodicAlgorithm(DiscountArguments, LifetimeAlgorithm):
    """An agent of one lifetime that acts by a dictionary of returns for each action."""

    any_device = True

    n_envs = 1
    memories = ("dictionaries",)

    n_steps = 4
    capacity: int = argument("Entries of each action's dictionary.", at_least(1), default=100_000)
    neighbours: int = argument("Entries that an estimate is made of.", at_least(1), default=11)
    exploration_initial_eps: float = argument(
        "Probability of a random action at first.", within(0, 1), default=1.0
    )
    exploration_final_eps: float = argument(
        "Probability of a random action at last.", within(0, 1), default=0.005
    )
    exploration_steps: int = argument(
        "Steps of a row in which it falls from the first to the last.", at_least(0), default=0
    )

    def _make_network(self, **more: Any) -> Any:
        return self.policy_class(self.observation_space, self.action_space, **self.policy_kwargs)

    def _shared(self) -> dict[str, Any]:
        """Return the arguments of `EpisodicRule`, but for the horizon."""
        return {
            "network": self.network,
            "n_steps": self.n_steps,
            "gamma": self.gamma,
            "neighbours": self.neighbours,
            "capacity": self.capacity,
            "epsilons": (self.exploration_initial_eps, self.exploration_final_eps),
            "epsilon_steps": self.exploration_steps,
        }

    def _make_rule(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} writes no _make_rule")

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> EpisodicLoop:
        """Return learners that remember nothing yet, one for each `rows_per_task` rows."""
        check_spaces(venv, self.observation_space, self.action_space)
        return EpisodicLoop(self.rule, venv, rows_per_task, seed)

    # ---- state ----------------------------------------------------------------------------------

    def _capture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        progress, tensors = super()._capture()
        return progress, {**tensors, **self.loop.capture()}

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        super()._restore(progress, tensors, path)
        self.loop.restore(tensors, going_on=self.observation is not None)
        self._mark_boundary()

    def _acts_with(self, network: str, tensor: str) -> bool:
        # the age says how often actions are random
        return tensor == "loop.ages" or super()._acts_with(network, tensor)

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        keys = self.network.keys(
            self.loop.learners["policy"], self.network.encode(observations)[None]
        )
        values, _, _ = self.rule.read(self.loop.store, 0, keys[0])
        head = self.network.head
        noise = None
        if not deterministic:
            noise = self._predict_noise(head, len(values)).to(values.device)
        epsilon = 0.0 if deterministic else self.rule.epsilon(float(self.loop.ages[0]))
        return head.choose(values, noise, epsilon).cpu().numpy() + head.start, state
