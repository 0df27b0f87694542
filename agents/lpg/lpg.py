"""LPG: finds an update rule by gradient descent through the lifetimes of many learners.

N rows: M learners of R rows each, learner-major; T steps of an unroll; K updates an iteration.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.venv import make_venv
from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.loop import LifetimeLoop
from ..core.lifetimes.rule import Learners, Unroll
from ..core.nets.actor_critic import ActorCritic
from ..core.play.player import StoppedError
from .arms import arms_of
from .critic import Critic
from .learner import LPGLearner
from .lives import Lives
from .losses import outer_loss
from .network import RuleNetwork
from .presets import PRESETS
from .regret import antagonist
from .rule import Hypers, LPGRule, is_tabular, make_network, usual


@dataclass
class MetaStep:
    """What one iteration played, and what it cost."""

    steps: int = 0  # of all rows
    squares: list[dict[str, torch.Tensor]] = field(default_factory=list)  # K of [M]
    loss: torch.Tensor | None = None  # [M], with its graph
    parts: dict[str, torch.Tensor] = field(default_factory=dict)  # of the loss, each [M]

    def figures(self) -> dict[str, float]:
        """Return nothing: episodes may be longer than an iteration; the log's window has them."""
        return {}


class LPG(Lives):
    """Learned policy gradient (Oh et al. 2020, arXiv 2007.08794): an update rule found by gradient.

    Learners have a policy and a prediction without a given meaning. The rule, an LSTM that
    reads an unroll backwards, says how much more probable each action is to become and what each
    prediction is to be. It is improved by the gradient, through K updates, of the policy-gradient
    objective of the learners after them. Each of the M = n_envs / rows_per_task lifetimes has a
    task, a learner and a value function of its own; all three are replaced when it ends. The first
    lives end at different times, so that learners of all ages are seen.

    `agent.inner_loop`, `evaluate(agent, id, steps=N, rows_per_task=16)` and
    `agent.make_learner(id)` give new learners that the rule trains, in any id whose spaces a
    learner can have: tables for Discrete observations, else what `policy_kwargs` says (an MLP with
    32 units).

    `curriculum="regret"` is GROOVE (Jackson et al. 2023): levels are kept with their algorithmic
    regret, what A2C learners earn after a life in them less what the rule's do, and half of new
    lives begin in those where it is high. The steps of A2C are not counted. `temporal=True` tells
    the rule how much of a life is over and how long it is (Jackson et al. 2024, arXiv 2402.05828),
    which is of use if lives differ (`shortest_lifetime`); learners that the rule then trains are
    told `lifetime`.

    Differences from the paper and from the code of GROOVE (Jackson et al. 2023), whose settings
    are the defaults where they were published: discount and LSTM as in the paper (the code has a
    GRU and no discount); value functions are trained (in the code their gradient is always zero) on
    every unroll, by Adam; settings of learners are drawn by a simple bandit (the least
    drawn, then the best in the mean, or any in a fifth of the births); a table is clipped apart
    from its prediction; for continuous actions the rule is told p / (1 + p) of the density p.

    Raises:
        ValueError: If an argument is out of range, or `rows_per_task` does not divide `n_envs`.
    """

    any_device = True
    any_spaces = True
    presets = PRESETS
    learning_rate = 1e-4
    n_envs = 1024

    # ---- making ---------------------------------------------------------------------------------

    def _setup_model(self) -> None:
        self.rule_network = RuleNetwork(
            self.n_predictions, self.rule_size, fold(self.seed, "rule"), self.temporal
        ).to(self.device)
        network = self._learners_network(self.observation_space, self.action_space)
        self.arms = arms_of(
            usual(network)[0],
            self.agent_learning_rate,
            self.agent_prediction_rate,
            self.agent_kl_coef,
        )
        super()._setup_model()
        self.optimizer = torch.optim.Adam(
            self.rule_network.parameters(), lr=float(self.learning_rate)
        )

    def _learners_network(self, observation_space: Any, action_space: Any) -> ActorCritic:
        network = make_network(
            observation_space, action_space, self.n_predictions, **self.policy_kwargs
        )
        network.device = self.device
        return network

    def _make_network(self, **more: Any) -> ActorCritic:
        return self._learners_network(self.observation_space, self.action_space)

    def _make_rule(self) -> LPGRule:
        critic = Critic(
            self._plain_network(),
            self.value_learning_rate,
            self.gamma,
            self.gae_lambda,
        )
        return self._rule_of(self.network, critic)

    def _plain_network(self, **more: Any) -> ActorCritic:
        """Return a network like the learners', with a value."""
        taken = {"net_arch": [32], **self.policy_kwargs}
        if is_tabular(self.network):
            taken = {"torso": "table"}
        given = {key: part for key, part in taken.items() if key in ("torso", "net_arch")}
        network = ActorCritic(self.observation_space, self.action_space, **given, **more)
        network.device = self.device
        return network

    def _antagonist(self) -> ActorCriticRule:
        network = self._plain_network(separate=["value"])
        tabular = is_tabular(self.network)
        return antagonist(network, tabular, self.n_steps, self.gamma, self.gae_lambda)

    def _rule_of(self, network: ActorCritic, critic: Critic | None = None) -> LPGRule:
        hypers, optimizer = usual(network)
        if is_tabular(network) == is_tabular(self.network):
            hypers = self.arms.arms[self.arms.best]
        return LPGRule(
            network=network,
            n_steps=self.n_steps,
            rule=self.rule_network,
            optimizer=optimizer,
            hypers=hypers,
            gamma=self.gamma,
            max_grad_norm=self.agent_max_grad_norm,
            through_inputs=self.through_inputs,
            lifetime=self.lifetime if self.temporal else None,
            critic=critic,
        )

    def inner_loop(
        self,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        rule: LPGRule | None = None,
    ) -> LifetimeLoop:
        """Return new learners, one for each `rows_per_task` rows, in any spaces they can have."""
        if rule is None:
            spaces = venv.single_observation_space, venv.single_action_space
            rule = self._rule_of(self._learners_network(*spaces))
        return LifetimeLoop(rule, venv, rows_per_task, seed)

    def make_learner(  # type: ignore[override]  # an agent of another class learns by the rule
        self, env: Any, **arguments: Any
    ) -> LPGLearner:
        """Return a new agent of one lifetime that learns by the rule as it is now.

        Args:
            env: As in the constructor; any whose spaces a learner can have.
            **arguments: Arguments of `LPGLearner` to replace.
        """
        probe = make_venv(env, 1, arguments.get("env_kwargs"), any_id=True)
        given = arguments.get("policy_kwargs", self.policy_kwargs)
        network = make_network(
            probe.single_observation_space, probe.single_action_space, self.n_predictions, **given
        )
        hypers: Hypers = self._rule_of(network).hypers
        names = (
            *("n_predictions", "rule_size", "agent_max_grad_norm", "gamma", "n_steps"),
            *("temporal", "lifetime"),
        )
        settings = {
            **{name: getattr(self, name) for name in names},
            **{"learning_rate": hypers.learning_rate, "prediction_rate": hypers.prediction_rate},
            **{"kl_coef": hypers.kl_coef, "policy_kwargs": given, "seed": self.seed},
            **arguments,
        }
        if isinstance(env, str):
            settings.setdefault("n_envs", self.rows_per_task)
        learner = LPGLearner("MlpPolicy", env, **settings)
        learner.rule_network.load_state_dict(self.rule_network.state_dict())
        return learner

    # ---- an iteration ---------------------------------------------------------------------------

    def _play(self, on_step: Any, meta: MetaStep) -> Unroll:
        """Play T steps in every row."""
        while not self.loop.due().any():
            step = self._player.step()
            self.observation = self._player.observations
            meta.steps += step.count
            rewards = np.asarray(step.reward).reshape(self.loop.num_learners, -1)
            self._earned += rewards.mean(axis=1)
            if self._stopped:
                on_step.count(step)
            else:
                self._stopped = not on_step(step)
        return self.loop.pop()

    def _judge(self, unroll: Unroll) -> torch.Tensor:
        """Return advantages [T, M, R], and let the value functions learn from the unroll."""
        assert isinstance(self.rule, LPGRule) and self.rule.critic is not None
        self.loop.learners, advantages, _ = self.rule.critic.step(self.loop.learners, unroll)
        return advantages

    def _collect(self, on_step: Any) -> MetaStep:  # type: ignore[override]
        if self._stopped:  # in the last iteration, which was finished
            self._stopped = False
            raise StoppedError
        if self.observation is None:
            self._reset_rows()
        self._player.observations = self.observation
        meta, rule = MetaStep(), self.rule
        assert isinstance(rule, LPGRule)
        for _ in range(self.n_updates):
            unroll = self._play(on_step, meta)
            self._judge(unroll)
            self.loop.learners, figures = rule.update(self.loop.learners, unroll, True)
            meta.squares.append({k: v for k, v in figures.items() if k.endswith("_l2")})
        unroll = self._play(on_step, meta)
        advantages = self._judge(unroll)
        meta.loss, meta.parts = self.meta_loss(self.loop.learners, unroll, advantages, meta.squares)
        return meta

    def meta_loss(
        self,
        learners: Learners,
        unroll: Unroll,
        advantages: torch.Tensor,
        squares: list[dict[str, torch.Tensor]],
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the meta-loss [M] of learners after K updates, and its parts.

        Args:
            learners: With the graph from the rule.
            unroll: What they then played.
            advantages: [T, M, R].
            squares: What each of the K updates asked for, `*_l2` [M].
        """
        assert isinstance(self.rule, LPGRule)
        said, _ = self.rule.outputs(learners["policy"], unroll)
        means = {
            name: torch.stack([one[name] for one in squares]).mean(dim=0) for name in squares[0]
        }
        coefs = (
            self.policy_ent_coef,
            self.prediction_ent_coef,
            self.policy_l2_coef,
            self.prediction_l2_coef,
        )
        entropy = self.rule.network.head.entropy(said["policy"])
        return outer_loss(
            said["log_prob"], advantages, entropy, said["prediction"], means, unroll.mask, coefs
        )

    def train(self, experience: MetaStep) -> dict[str, float]:  # type: ignore[override]
        """Improve the rule by the meta-gradient of an iteration, and end lives."""
        assert experience.loss is not None
        loss = experience.loss.mean()
        self.optimizer.zero_grad()
        loss.backward()
        bound = float("inf") if self.max_grad_norm is None else self.max_grad_norm
        norm = torch.nn.utils.clip_grad_norm_(self.rule_network.parameters(), bound)
        self.optimizer.step()
        self.loop.learners = {name: part.detach() for name, part in self.loop.learners.items()}
        self._n_updates += 1
        self._end_lives()
        if self.regrets:
            experience.parts["regret"] = torch.tensor(self.regrets)
        parts = {name: float(part.detach().mean()) for name, part in experience.parts.items()}
        return {"meta_loss": float(loss.detach()), "meta_grad_norm": float(norm), **parts}

    # ---- state ----------------------------------------------------------------------------------

    def _networks(self) -> dict[str, Any]:
        kept = {} if self.levels is None else {"levels": self.levels}
        return {**super()._networks(), "rule": self.rule_network, **kept}

    def _acts_with(self, network: str, tensor: str) -> bool:
        return network == "rule"  # the learners that it was found with are not the rule's

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"rule.optimizer": self.optimizer}
