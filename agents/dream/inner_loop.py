"""How DREAM acts: it explores, infers the problem, then carries out. N rows, R of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import RowRandom

from ..core.base.venv import check_spaces
from ..core.nets.problems import ProblemCode
from ..core.play.inner_loop import InnerLoop, Rows
from ..core.play.step import Step
from .policies import ExploringPolicy

_ACTING = 100  # the stream of a row's seed that actions are drawn from; environments use 0-2


class DreamInnerLoop(InnerLoop):
    """Explores in the first episodes of a trial, and acts on what that told in the others.

    It takes the best action, `deterministic` or not, but for `epsilon`. Rows that share a task each
    explore for themselves.

    Args:
        policy: The trained policy; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: As in `InnerLoop`.
        seed: As in `InnerLoop`.
        exploration_episodes: Episodes of a trial that explore.
        explore: How: `"learnt"`, `"uniform"` or `"none"`, as `DREAM` says.
        epsilon: Probability of a uniform action instead of the best one.
    """

    def __init__(
        self,
        policy: ExploringPolicy,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        *,
        exploration_episodes: int = 1,
        explore: str = "learnt",
        epsilon: float = 0.0,
    ):
        super().__init__(venv, rows_per_task, seed)
        self.policy, self.builder = policy, policy.builder
        self.exploration_episodes, self.explore = exploration_episodes, explore
        self.epsilon = epsilon
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTING)
        self.last: dict[str, Any] = {}  # what the last `act` computed, for collectors
        self._device = next(policy.parameters()).device
        self.latents = torch.zeros(self.num_rows, policy.latent_size, device=self._device)
        self._inferred = torch.zeros_like(self.latents)  # from exploring so far
        self._acting = policy.state(self.num_rows)  # of the network that acts
        self._inferring = policy.state(self.num_rows)
        self.episode = np.zeros(self.num_rows, dtype=np.int64)  # episodes ended in this trial
        self._previous_actions = np.zeros((self.num_rows, self.builder.action_size), np.float32)
        self._previous_rewards = np.zeros(self.num_rows)
        self._starts = np.ones(self.num_rows, dtype=bool)

    def reset(self, rows: Rows = None) -> None:
        """Forget everything in `rows`, which explore next."""
        where = self.rows(rows)
        for part in (self.latents, self._inferred, self._acting, self._inferring):
            part[where] = 0.0
        self.episode[where] = 0
        self._previous_actions[where] = 0.0
        self._previous_rewards[where] = 0.0
        self._starts[where] = True

    def exploring(self, rows: np.ndarray) -> np.ndarray:
        """Return whether `rows` explore, bool [R]."""
        return self.episode[rows] < self.exploration_episodes

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions, advancing what `rows` have seen."""
        where = self.rows(rows)
        inputs = self.builder.build(
            observation,
            self._previous_actions[where],
            self._previous_rewards[where],
            self._starts[where],
        )
        exploring = self.exploring(where)
        begins = where[~exploring & self._starts[where]]
        if begins.size:
            self._begin(begins)
        values = torch.zeros(len(where), self.policy.num_actions)
        shown = self.policy.features(torch.from_numpy(inputs).to(self._device))
        for part, network in ((exploring, "exploration"), (~exploring, "execution")):
            if part.any():
                values[part] = self._values(network, shown[part], where[part]).cpu()
        self._look(shown[exploring], where[exploring])
        chosen = self._chosen(values.numpy(), where, exploring)
        self.last = {
            "inputs": inputs,
            "params": values,
            "values": values.amax(dim=1),
            "actions": torch.from_numpy(chosen),
        }
        return chosen + self.policy.first_action

    def _values(self, network: str, shown: torch.Tensor, where: np.ndarray) -> torch.Tensor:
        """Return the actions' values by one network, [R, A], and advance its state."""
        inputs = shown[None]
        if network == "execution":
            inputs = self.policy.told(inputs, self.latents[where])
        values, state = getattr(self.policy, network)(inputs, self._acting[where])
        self._acting[where] = state
        return values[0]

    def _look(self, shown: torch.Tensor, where: np.ndarray) -> None:
        """Take what exploring rows see into what they infer."""
        if not len(where) or self.explore == "none":
            return
        inferred, state = self.policy.inference(shown[None], self._inferring[where])
        self._inferring[where], self._inferred[where] = state, inferred[0]

    def _chosen(self, values: np.ndarray, where: np.ndarray, exploring: np.ndarray) -> np.ndarray:
        """Return the best actions, or uniform ones where the draw says so, int64 [R]."""
        best = values.argmax(axis=1)
        chance = np.full(len(where), self.epsilon)
        if self.explore != "learnt":
            chance[exploring] = 1.0
        if not chance.any():
            return best
        drawn = self.random.uniform(where, 2)
        uniform = (drawn[:, 1] * self.policy.num_actions).astype(np.int64)
        return np.where(drawn[:, 0] < chance, uniform, best)

    def _begin(self, rows: np.ndarray) -> None:
        """Begin an execution episode in `rows` [R]: nothing but the latent passes into it."""
        self._acting[rows] = 0.0

    @torch.no_grad()
    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep what the next input says about the past; infer the problem where exploring ended."""
        where = self.rows(rows)
        self._previous_actions[where] = self.builder.flat_actions(step.action)
        self._previous_rewards[where] = step.reward
        self._starts[where] = step.ended
        successors = self.builder.build(
            step.next_observation,
            self._previous_actions[where],
            self._previous_rewards[where],
            np.zeros(len(where), dtype=bool),
        )
        self.last["successors"] = torch.from_numpy(successors)
        self.last["terminated"] = torch.from_numpy(np.array(step.terminated))
        last = step.ended & (self.episode[where] == self.exploration_episodes - 1)
        if last.any():
            seen = torch.from_numpy(successors[last]).to(self._device)
            self._look(self.policy.features(seen), where[last])
            self.latents[where[last]] = self._inferred[where[last]]
        self.episode[where[step.ended]] += 1

    def freeze(self) -> None:
        """Explore no more: what was seen until now must do."""
        early = np.flatnonzero(self.exploring(np.arange(self.num_rows)))
        self.latents[early] = self._inferred[early]
        self.episode[early] = self.exploration_episodes
        self._starts[early] = True


class ToldLoop(DreamInnerLoop):
    """As `DreamInnerLoop`, but some rows are told the problem when execution begins.

    Args:
        *args: As in `DreamInnerLoop`.
        code: What of a task is hidden.
        told: Which rows are told, bool [N]; None is all.
        **kwargs: As in `DreamInnerLoop`.
    """

    reads_task = True
    policy: Any  # a `DreamPolicy`

    def __init__(
        self, *args: Any, code: ProblemCode, told: np.ndarray | None = None, **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.code = code
        self.told = np.ones(self.num_rows, dtype=bool) if told is None else told

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions, and keep the problems for collectors."""
        actions = super().act(observation, rows, deterministic)
        self.last["tasks"] = torch.from_numpy(self.code(self.venv.tasks, self.rows(rows)))
        return actions

    def _begin(self, rows: np.ndarray) -> None:
        super()._begin(rows)
        rows = rows[self.told[rows]]
        if rows.size and self.explore != "none":
            codes = torch.from_numpy(self.code(self.venv.tasks, rows)).to(self._device)
            self.latents[rows] = self.policy.latents(codes)


class ToldDream:
    """A trained DREAM whose execution is told the problem: what exploring could gain at most.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: Any):
        self.agent = agent

    def __repr__(self) -> str:
        """Name it, for protocols."""
        return "DREAM, told the problem"

    def inner_loop(self, venv: Any, rows_per_task: int = 1, seed: int | None = None) -> ToldLoop:
        """Return a loop that reads tasks; otherwise as in `DREAM`."""
        check_spaces(venv, self.agent.observation_space, self.agent.action_space)
        return self.agent._told_loop(venv, rows_per_task, seed)
