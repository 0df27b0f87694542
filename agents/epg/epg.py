"""EPG: a loss over what a learner did last is evolved on whole trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import ActorCriticArguments, DiscountArguments
from ..core.base.arguments import argument, at_least, within
from ..core.base.learning_evolution import LearningEvolution
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.base.venv import check_spaces, num_rows_of
from ..core.learning.functional import Adam
from ..core.losses.losses import clipped_surrogate
from ..core.nets.actor_critic import ActorCritic
from .network import SHORTEST, LossNetwork
from .presets import PRESETS
from .rule import EPGRule, features_of


class LearntLossArguments(ActorCriticArguments, DiscountArguments):
    """Arguments of learners that descend a learnt loss."""

    vf_coef = 1.0
    max_grad_norm = None
    batch_size: int = argument(
        "Steps of a minibatch; each step of `n_steps` is in one of them.", at_least(1), default=32
    )
    buffer_size: int = argument(
        "Steps of a row that the loss sees.", at_least(SHORTEST), default=512
    )
    memory_size: int = argument(
        "Numbers that a learner may keep for its loss, learnt with its policy; 0 keeps none.",
        at_least(0),
        default=32,
    )
    sees_reward: bool = argument(
        "Show the loss the rewards; False lets learners learn without any.", default=True
    )

    def _loss_network(self, network: ActorCritic) -> LossNetwork:
        return LossNetwork(features_of(network), self.memory_size)

    def _fields(self, network: ActorCritic, learning_rate: float, num_rows: int) -> dict[str, Any]:
        """Return the fields of an `EPGRule`, but for what was found and its guide."""
        steps: int = self.n_steps  # type: ignore[attr-defined]
        return {
            **{"network": network, "optimizer": Adam(), "learning_rate": learning_rate},
            **{"n_steps": steps, "gamma": self.gamma, "gae_lambda": 0.95, "ent_coef": 0.0},
            **{"vf_coef": self.vf_coef, "max_grad_norm": self.max_grad_norm, "clip_range": 0.2},
            **{"policy_loss": clipped_surrogate, "n_epochs": 1},
            **{"n_minibatches": -(-steps * num_rows // self.batch_size)},
            **{"buffer_size": self.buffer_size, "memory_size": self.memory_size},
            **{"sees_reward": self.sees_reward},
        }


_TAKEN = (*LearntLossArguments.arguments, "n_steps", "policy_kwargs")


class EPGLearner(LearntLossArguments, LifetimeAlgorithm):
    """A learner that descends a loss of EPG (Houthooft et al. 2018, arXiv 1802.04821), of one life.

    `EPG.make_learner(id)` makes one with the loss that it found; one made by hand has a random
    loss, which teaches nothing. The loss is saved with it, and does not change.

    Raises:
        TypeError: If observations are no vectors, or actions neither a Box nor Discrete.
        ValueError: If an argument is out of range.
    """

    paper_policy = {"separate": ["value"]}
    n_envs = 1
    n_steps = 64

    def _make_network(self, **more: Any) -> ActorCritic:
        network = super()._make_network(**more)
        self.loss_network = self._loss_network(network)
        begun = self.loss_network.begin(fold(self.seed, "loss"))
        self._found = torch.nn.ParameterDict({"found": torch.nn.Parameter(begun, False)})
        return network

    def _make_rule(self) -> EPGRule:
        fields = self._fields(self.network, float(self.learning_rate), self.n_envs)
        return EPGRule(**fields, loss_network=self.loss_network, found=self._found["found"])

    def _hand_over(self, learner: Any) -> None:
        learner._found.load_state_dict(self._found.state_dict())

    def _networks(self) -> dict[str, Any]:
        return {**super()._networks(), "found": self._found}


class EPG(LearntLossArguments, LearningEvolution):
    """Evolved policy gradients (Houthooft et al. 2018, arXiv 1802.04821): learners descend a loss.

    A generation is `population` trainings from scratch, side by side, each by a loss near the
    present one; the loss moves towards those that made better policies (OpenES). It sees the last
    `buffer_size` steps: observations, actions, rewards, ends, and what the policy says of them,
    through which its gradient passes. In the first `guide_generations` PPO's loss helps, ever less.
    `make_learner(id)` learns by the loss alone, in any id with the same spaces; with
    `sees_reward=False` it does so without rewards.

    Differences from the paper: members come in pairs with opposite noise (the code published with
    it has single members); running means are a learner's own; numbers are cut at ten deviations;
    the loss's last layer begins as 0; no exploration bonus (constant in that code). Faults of that
    code that are not repeated: its DirHopper never changes direction (`randint(0, 1)`);
    `categorical_kl` takes probabilities for logits, of four actions; seeds come from the clock.

    Raises:
        TypeError: If observations are no vectors, or actions neither a Box nor Discrete.
        ValueError: If an argument is out of range, or `n_envs` are not whole pairs of members.
    """

    presets = PRESETS
    paper_policy = {"separate": ["value"]}
    rows_per_task = 1
    n_episodes = 3
    sigma = 0.01
    l2_coef = 0.001
    n_steps = 64
    life = 8192
    agent_learning_rate = 1e-3
    guide_generations: int = argument(
        "Generations in which PPO's loss helps, beginning alone and ending with nothing.",
        at_least(0),
        default=250,
    )
    guide_end: float = argument("Share of PPO's loss after them.", within(0, 1), default=0.0)

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if values["life"] < values["n_steps"]:
            raise ValueError(
                f"life={values['life']} is shorter than n_steps={values['n_steps']}: no learner "
                "would be updated"
            )

    def _first(self) -> torch.Tensor:
        self.loss_network = self._loss_network(self.network)
        return self.loss_network.begin(fold(self.seed, "loss"))

    @property
    def guide(self) -> float:
        """Share of PPO's loss in this generation."""
        if self.iteration >= self.guide_generations:
            return self.guide_end
        return 1.0 - (1.0 - self.guide_end) * self.iteration / self.guide_generations

    def _make_rule(self, network: ActorCritic, training: bool = False) -> EPGRule:
        return EPGRule(
            **self._fields(network, self.agent_learning_rate, self.rows_per_task),
            loss_network=self.loss_network,
            found=self.center,
            guide=self.guide if training else 0.0,
        )

    def train(self, experience: Any) -> dict[str, float]:
        """Move the loss towards those that made better policies."""
        return {**super().train(experience), "guide": self.guide}

    def make_learner(self, env: Any, **arguments: Any) -> EPGLearner:
        """Return a new agent of one lifetime that learns by the loss as it is now.

        Args:
            env: As in the constructor; with the spaces of training.
            **arguments: Arguments of `EPGLearner` to replace.

        Raises:
            ValueError: If its spaces are not those of training.
        """
        settings = {name: getattr(self, name) for name in _TAKEN}
        settings |= {"learning_rate": self.agent_learning_rate, "seed": self.seed, **arguments}
        if num_rows_of(env) is None:
            settings.setdefault("n_envs", self.rows_per_task)
        learner = EPGLearner(self.settings["policy"], env, **settings)
        check_spaces(learner.venv, self.observation_space, self.action_space)
        learner._found.load_state_dict({"found": self.center})
        return learner
