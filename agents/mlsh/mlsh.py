"""MLSH: sub-policies that are shared by all tasks, and a master for each task.

N rows: G groups of R rows each, group-major; K sub-policies; T steps of a row in an iteration.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from meta_envs.core.rng import fold

from ..core.base.held import HeldTensors
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import value_at
from ..core.base.venv import check_spaces
from ..core.learning.functional import Adam
from ..core.lifetimes.ppo import PPORule
from ..core.losses import losses
from ..core.nets.kernels.fast_mlp import keep_freed_memory
from ..core.play.balance import check_balance
from ..core.play.player import OnStep, Player
from ..core.play.unrolls import unroll
from ..core.play.view import open_loop
from .arguments import MLSHArguments
from .groups import Groups, Phase
from .loops import Hierarchy, HierarchyLoop, SubPolicy
from .networks import HierarchyNetwork, moments_of
from .presets import PRESETS
from .training import RecordingLoop, by_sub_policy, learn, steps_of


@dataclass
class Stretch:
    """What one iteration played."""

    loop: RecordingLoop
    phase: Phase
    earned: np.ndarray  # of each group, mean over its rows, [G]

    def figures(self) -> dict[str, float]:
        """Return what a row earned, of groups with new masters and with trained ones."""
        parts = {"fresh": self.phase.fresh, "joint": self.phase.joint}
        return {f"{k}_rew_mean": float(self.earned[v].mean()) for k, v in parts.items() if v.any()}


class MLSH(MLSHArguments, IterativeAlgorithm):
    """Meta-learning shared hierarchies (Frans et al. 2018, arXiv 1710.09767).

    A master chooses one of K sub-policies every `macro_length` steps. Sub-policies are shared by
    all tasks; a master begins anew with each task and is quick to learn, because it takes few
    choices (a slice of steps, with the sum of its rewards, is one step to it). Training repeats,
    for each group of rows: a new task and a new master; `warmup_updates` of the master alone; then
    `joint_updates` of the master and, from the steps that each played, of the sub-policies. Groups
    take turns, so that sub-policies learn in every iteration from groups whose masters are ready.
    `inner_loop` learns a new master within a trial, every `adapt_steps` steps of a task's rows:
    give `evaluate` enough `episodes` or `rows_per_task`. `agent.sub_policy(k)` plays one alone.

    Differences from the code published with the paper: the optimiser of a master begins anew with
    it (there its moments survive, since only the weights are reset); where a share of choices is
    made at random (`exploration`, there always .1, in the paper none), probabilities are those of
    the mixture (there the master's own, which biases its ratios); delays of groups are fractions of
    the period (there rounded first); an episode's end also ends a slice (there a new episode may
    only begin with one); values are not clipped. Networks are the paper's (64 and 64 units; in the
    code 32), and so is the learning rate (in the code 3e-5). Observations that are vectors are
    standardised by moments that all networks share.

    Raises:
        ValueError: If an argument is out of range, or `rows_per_task` does not divide `n_envs`.
    """

    presets = PRESETS
    policy_aliases = {"MlpPolicy": HierarchyNetwork, "HierarchyNetwork": HierarchyNetwork}
    paper_policy = {"separate": ["value"]}
    learning_rate = 3e-4
    n_envs = 200

    def _setup_model(self) -> None:
        if self.n_envs % self.rows_per_task:
            raise ValueError(
                f"rows_per_task={self.rows_per_task} does not divide n_envs={self.n_envs}; "
                f"use e.g. n_envs={max(self.n_envs // self.rows_per_task, 1)} * rows_per_task"
            )
        if self.balance is not None:
            check_balance(self.venv, self.balance)
        keep_freed_memory()
        self.groups = Groups(
            self.n_envs // self.rows_per_task, self.warmup_updates, self.joint_updates
        )
        self.moments = moments_of(self.observation_space) if self.normalize_observation else None
        self.network = self._make_network(self.action_space)
        self.policy = self.network
        choices = spaces.Discrete(self.n_sub_policies)
        self._master_network = self._make_network(choices, self.exploration)
        self._rule = self._make_rule(
            self.network, self.learning_rate, self.ent_coef, self.n_steps, self.n_minibatches
        )
        seeds = [fold(self.seed, "sub-policy", k) for k in range(self.n_sub_policies)]
        self._sub_policies = HeldTensors(self._rule.begin(seeds))
        group_seeds = [fold(self.seed, "master", g) for g in range(self.groups.count)]
        self._masters = HeldTensors(self._master_rule(self.rows_per_task).begin(group_seeds))

    def _make_network(
        self, action_space: spaces.Space, exploration: float = 0.0
    ) -> HierarchyNetwork:
        return self.policy_class(  # type: ignore[return-value]
            self.observation_space,
            action_space,
            standardise=self.moments,
            exploration=exploration,
            **self.policy_kwargs,
        )

    def _make_rule(
        self, network: HierarchyNetwork, rate: Any, ent_coef: float, steps: int, parts: int
    ) -> PPORule:
        return PPORule(
            network=network,
            optimizer=Adam(),
            n_steps=steps,
            learning_rate=value_at(rate, 0.0),
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            ent_coef=ent_coef,
            vf_coef=self.vf_coef,
            max_grad_norm=self.max_grad_norm,
            policy_loss=losses.clipped_surrogate,
            clip_range=self.clip_range,
            n_epochs=self.n_epochs,
            n_minibatches=parts,
            normalize_advantage=network is not self.network,  # of sub-policies they are already
        )

    def _master_rule(self, num_rows: int, steps: int | None = None) -> PPORule:
        """Return the rule of masters that learn every so many steps of their rows together."""
        steps = self.n_steps * self.rows_per_task if steps is None else steps
        slices = max(math.ceil(steps / (num_rows * self.macro_length)), 1)  # of a row
        parts = max(round(slices * num_rows / self.master_batch_size), 1)
        return self._make_rule(
            self._master_network, self.master_learning_rate, self.master_ent_coef, slices, parts
        )

    def _hierarchy(self, master: PPORule) -> Hierarchy:
        return Hierarchy(
            self.network, self._sub_policies.tensors["policy"], master, self.macro_length
        )

    def inner_loop(
        self,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        force: int | None = None,
        training: bool = False,
    ) -> HierarchyLoop:
        """Return new masters over the sub-policies, one for each task.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: Rows that share a master.
            seed: As in `MetaAlgorithm`.
            force: Always play this sub-policy; None lets the masters choose.
            training: Keep every step, for the sub-policies; masters learn when they are told to.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        if not training:
            rule = self._master_rule(rows_per_task, self.adapt_steps)
            return HierarchyLoop(self._hierarchy(rule), venv, rows_per_task, seed, force)
        # episodes may end often: there is room for slices of a single step
        rule = dataclasses.replace(self._master_rule(rows_per_task), n_steps=self.n_steps)
        hierarchy = self._hierarchy(rule)
        return RecordingLoop(hierarchy, venv, rows_per_task, seed, n_steps=self.n_steps)

    def sub_policy(self, number: int) -> SubPolicy:
        """Return one of the sub-policies, which `evaluate` plays alone.

        Args:
            number: From 0.

        Raises:
            ValueError: If there is no such sub-policy.
        """
        return SubPolicy(self, number)

    # ---- the outer loop -------------------------------------------------------------------------

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration."""
        return self.n_envs * self.n_steps

    def _collect(self, on_step: OnStep) -> Stretch:
        phase = self.groups.phase(self.iteration)
        seed = fold(self.seed, "act", self.iteration)
        loop = open_loop(self, self.venv, self.rows_per_task, seed, training=True)
        fresh, masters = torch.from_numpy(phase.fresh), loop.masters
        masters.learners = {
            name: torch.where(
                fresh.reshape(-1, *(1,) * (part.ndim - 1)), masters.learners[name], part
            )
            for name, part in self._masters.tensors.items()
        }
        base = self.venv.unwrapped
        tasks = self.groups.tasks(self.venv, self.iteration, self.seed, self.balance)
        base.set_tasks(
            {key: values.repeat(self.rows_per_task, axis=0) for key, values in tasks.items()}
        )
        earned = np.zeros(self.n_envs)
        try:
            player = Player(self.venv, loop, on_step=on_step)
            player.reset(fold(self.seed, "collect", self.iteration))
            for step in unroll(player, self.n_steps):
                earned += step.reward
        finally:
            base.set_tasks(None)
        return Stretch(loop, phase, earned.reshape(self.groups.count, -1).mean(axis=1))

    def train(self, experience: Stretch) -> dict[str, float]:
        """Let all masters learn, and the sub-policies from the groups whose turn it is."""
        loop, joint = experience.loop, experience.phase.joint
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        figures: dict[str, float] = {"learning_rate": rate}
        if joint.any():
            rows = np.flatnonzero(joint.repeat(self.rows_per_task))
            steps = steps_of(loop, rows, self.gamma, self.gae_lambda)
            rule = dataclasses.replace(self._rule, learning_rate=rate)
            batch = by_sub_policy(steps, self.n_sub_policies)
            self._sub_policies.tensors, own = learn(rule, self._sub_policies.tensors, batch)
            shares = batch["mask"].sum(dim=1) / len(steps["choices"])
            figures |= {name: float(values.mean()) for name, values in own.items()}
            figures["largest_share"] = float(shares.max())
        loop.masters.learn_now(np.arange(self.groups.count))
        self._masters.tensors = loop.masters.learners
        figures |= {f"master_{k}": float(v.mean()) for k, v in loop.masters.figures.items()}
        if self.moments is not None:
            played = loop.kept.unroll(np.arange(1), 1)
            self.moments.update(played.inputs[:-1, 0], played.mask[:, 0])
        self._n_updates += 1
        return figures

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        return dict(shown)

    # ---- state ----------------------------------------------------------------------------------

    def _networks(self) -> dict[str, Any]:
        held: dict[str, Any] = {"sub_policies": self._sub_policies, "masters": self._masters}
        return held if self.moments is None else {**held, "moments": self.moments}

    def _acts_with(self, network: str, tensor: str) -> bool:
        return network != "masters" and super()._acts_with(network, tensor)  # a task has new ones

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {}

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Act as a master does that has learnt nothing; the state is its choices and their rest."""
        inputs = self.network.encode(observations)
        choices, left = np.zeros((2, len(inputs)), dtype=np.int64) if state is None else state
        choices, left = choices.copy(), left.copy()
        new = left <= 0 if starts is None else (left <= 0) | starts
        if new.any():
            params = self._master_rule(1).begin([fold(self.seed, "predict")])["policy"]
            chances = self._master_network.forward(params, inputs[new][None], of="policy")["policy"]
            choices[new] = self._drawn(self._master_network.head, chances[0], deterministic)
            left[new] = self.macro_length
        policy = self._hierarchy(self._rule).apply(inputs, torch.from_numpy(choices), "policy")
        return self._drawn(self.network.head, policy, deterministic), (choices, left - 1)

    def _drawn(self, head: Any, params: torch.Tensor, deterministic: bool) -> np.ndarray:
        if deterministic:
            return head.mode(params).numpy()
        return head.sample(params, self._predict_noise(head, len(params))).numpy()
