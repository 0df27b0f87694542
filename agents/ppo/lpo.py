"""LPO: the drift of PPO is evolved on whole trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.learning_evolution import LearningEvolution
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.base.venv import num_rows_of
from ..core.losses.losses import clipped_surrogate
from ..core.nets.actor_critic import ActorCritic
from .arguments import DriftArguments, PassesArguments
from .drift_network import DriftLoss, DriftNetwork, LPORule
from .ppo import rule_fields
from .presets import PRESETS
from .symbolic import Formula, fit

_TAKEN = (*PassesArguments.arguments, *DriftArguments.arguments, "n_steps", "life", "policy_kwargs")


class LPOLearner(DriftArguments, PassesArguments, LifetimeAlgorithm):
    """PPO by a drift that LPO found (Lu et al. 2022, arXiv 2210.05639), of one lifetime.

    `LPO.make_learner(id)` makes one with the drift that it found; one made by hand has a random
    drift. The drift is saved with it, and does not change.

    Raises:
        ValueError: If an argument is out of range, or `n_minibatches` does not fit.
    """

    paper_policy = {"separate": ["value"]}
    learning_rate = 7.5e-4
    n_steps = 128
    ent_coef = 0.01
    life: int = argument(
        "Steps of a row that its life is to have, of which a temporal drift is told.",
        at_least(1),
        default=2048,
    )

    def _setup_model(self) -> None:
        self.drift = DriftNetwork(self.drift_size, self.on_ppo, self.clip_range, self.temporal)
        begun = self.drift.begin(fold(self.seed, "drift"))
        self._found = torch.nn.ParameterDict({"found": torch.nn.Parameter(begun, False)})
        super()._setup_model()

    @property
    def policy_loss_found(self) -> DriftLoss:
        """Its policy loss, for whatever takes a `policy_loss`."""
        return DriftLoss(self.drift, self._found["found"])

    def _make_rule(self) -> LPORule:
        fields = rule_fields(self, self.network, float(self.learning_rate), self.n_envs)
        return LPORule(
            **fields,
            policy_loss=clipped_surrogate,  # which the drift replaces
            drift=self.drift,
            found=self._found["found"],
            lifetime=max(self.life / self.n_steps, 1.0),
        )

    def _hand_over(self, learner: Any) -> None:
        learner._found.load_state_dict(self._found.state_dict())

    def _networks(self) -> dict[str, Any]:
        return {**super()._networks(), "found": self._found}


class LPO(DriftArguments, PassesArguments, LearningEvolution):
    """Learned policy optimisation (Lu et al. 2022, arXiv 2210.05639): PPO with an evolved drift.

    A generation is `population` trainings from scratch, side by side, each with a drift near the
    present one; the drift moves towards those whose policies earned more in the end (OpenES). Any
    drift that can be found keeps the laws of mirror learning. `agent.policy_loss_found` is the loss
    that was found, for `PPO(policy_loss=...)` and RL2; `make_learner(id)` learns by it in any id;
    `formula()` reads it off in symbols (extra `symbolic`). `temporal=True` tells the drift how much
    of a life is over and how long it is, which is of use if lives differ (`shortest_life`).

    Differences from the paper: fitnesses are ranked, not standardised; smaller worlds.

    Raises:
        ValueError: If an argument is out of range, `n_minibatches` does not fit, or `n_envs` are
            not whole pairs of members.
    """

    any_spaces = True
    presets = PRESETS
    paper_policy = {"separate": ["value"]}
    population = 32
    n_episodes = 4
    ent_coef = 0.01
    shortest_life: int | None = argument(
        "With it the trainings of a generation take a number of steps that is drawn log-uniformly "
        "from this to `life`.",
        at_least(1),
        default=None,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        shortest, longest = values["shortest_life"], values["life"]
        if shortest is not None and shortest > longest:
            raise ValueError(f"shortest_life={shortest} is longer than life={longest}, the longest")

    def _steps_of_life(self) -> int:
        if self.shortest_life is None:
            return self.life
        rng = np.random.default_rng(self._seed_of("life"))
        logs = np.log([self.shortest_life, self.life + 1])
        return min(int(np.exp(rng.uniform(*logs))), self.life)

    def _first(self) -> torch.Tensor:
        self.drift = DriftNetwork(self.drift_size, self.on_ppo, self.clip_range, self.temporal)
        return self.drift.begin(fold(self.seed, "drift"))

    @property
    def policy_loss_found(self) -> DriftLoss:
        """The policy loss as it is now."""
        return DriftLoss(self.drift, self.center)

    def _make_rule(self, network: ActorCritic, training: bool = False) -> LPORule:
        return LPORule(
            **rule_fields(self, network, self.agent_learning_rate, self.rows_per_task),
            policy_loss=clipped_surrogate,  # which the drift replaces
            drift=self.drift,
            found=self.center,
            lifetime=max((self._steps_of_life() if training else self.life) / self.n_steps, 1.0),
        )

    def make_learner(self, env: Any, **arguments: Any) -> LPOLearner:
        """Return a new agent of one lifetime that learns by the drift as it is now.

        Args:
            env: As in the constructor; any id.
            **arguments: Arguments of `LPOLearner` to replace.
        """
        settings = {name: getattr(self, name) for name in _TAKEN}
        settings |= {"learning_rate": self.agent_learning_rate, "seed": self.seed, **arguments}
        if num_rows_of(env) is None:
            settings.setdefault("n_envs", self.rows_per_task)
        learner = LPOLearner(self.settings["policy"], env, **settings)
        learner._found.load_state_dict({"found": self.center})
        return learner

    def formula(self, **arguments: Any) -> Formula:
        """Return a formula for the drift as it is now; a `policy_loss`, and readable as text.

        Args:
            **arguments: Arguments of `agents.ppo.symbolic.fit` to replace.

        Raises:
            ImportError: If gplearn is missing (extra `symbolic`).
        """
        return fit(self.policy_loss_found.drift, **{"seed": self.seed, **arguments})
