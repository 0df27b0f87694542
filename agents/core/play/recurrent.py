"""The inner loop of recurrent agents: a state carried through a trial. R rows, S numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from meta_envs.core import batches
from meta_envs.core.rng import RowRandom

from ..nets.step_inputs import shown_rows
from ..nets.trial_policy import TrialPolicy
from .inner_loop import InnerLoop, Rows
from .step import Step

_ACTING = 100  # the stream of a row's seed that actions are drawn from; environments use 0-2


class RecurrentInnerLoop(InnerLoop):
    """Carries a recurrent policy's state through trials; the state is all it learns.

    Rows that share a task each keep their own state: a state belongs to one history. After
    `freeze`, every episode starts from the state at that moment.

    Args:
        policy: The trained policy; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: As in `InnerLoop`.
        seed: As in `InnerLoop`.
    """

    def __init__(
        self, policy: TrialPolicy, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ):
        super().__init__(venv, rows_per_task, seed)
        self.policy = policy
        self.builder = policy.builder
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTING)
        self.last: dict[str, Any] = {}  # what the last `act` computed, for collectors
        self._reward_scale = float(policy.reward_scale)
        self._frozen = np.zeros(self.num_rows, dtype=bool)
        self._state = policy.initial_state(self.num_rows)
        self._previous_actions = np.zeros((self.num_rows, self.builder.action_size), np.float32)
        self._previous_rewards = np.zeros(self.num_rows)
        self._starts = np.ones(self.num_rows, dtype=bool)

    def reset(self, rows: Rows = None) -> None:
        """Forget everything in `rows`."""
        where = self.rows(rows)
        fresh = self.policy.initial_state(len(where))
        self._frozen[where] = False
        if len(where) == self.num_rows:
            self._state = fresh
        else:
            self._state[where] = fresh
        self._previous_actions[where] = 0.0
        self._previous_rewards[where] = 0.0
        self._starts[where] = True

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions, advancing the state of `rows`."""
        everywhere = rows is None  # an index of all rows may be in another order
        where: Any = slice(None) if everywhere else self.rows(rows)
        if self._frozen.any():
            self._restore(self.rows(rows))
        inputs = self.builder.build(
            observation,
            self._previous_actions[where],
            self._previous_rewards[where] * self._reward_scale,
            self._starts[where],
        )
        inputs = self._completed(inputs, where)
        state = self._state if everywhere else self._state[where]
        shown = torch.from_numpy(inputs).to(self._state.device)
        params, values, state = self.policy.step(shown, state)
        params, values = params.cpu(), values.cpu()
        if everywhere:
            self._state = state
        else:
            self._state[where] = state
        head = self.policy.head
        if deterministic:
            actions = head.mode(params)
        else:
            draw = self.random.uniform if head.noise_kind == "uniform" else self.random.normal
            noise = draw(None if everywhere else where, head.noise_size)
            actions = head.sample(params, torch.from_numpy(noise.astype(np.float32)))
        self.last = {"inputs": inputs, "params": params, "values": values, "actions": actions}
        return actions.numpy()

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep what the next input says about the past."""
        where: Any = slice(None) if rows is None else rows
        self._previous_actions[where] = self.builder.flat_actions(step.action)
        self._previous_rewards[where] = step.reward
        self._starts[where] = step.ended

    def condition(self, episodes: Sequence[Sequence[Step]], rows: Rows = None) -> None:
        """Carry the state through given episodes, as if they had been played.

        Args:
            episodes: As in `InnerLoop`, with actions and rewards, and of these spaces.
            rows: Indices [R]; None is all.

        Raises:
            ValueError: If there is not one episode for each row; if one has no steps, or a step
                has no action or no reward.
        """
        where = self.rows(rows)
        if len(episodes) != len(where):
            raise ValueError(f"{len(episodes)} episodes for {len(where)} rows; give one for each")
        for number, steps in enumerate(episodes):
            if not len(steps):
                raise ValueError(f"episode {number} has no steps; it needs at least one")
            if any(one.action is None or one.reward is None for one in steps):
                raise ValueError(
                    f"episode {number} lacks actions or rewards, which this memory reads; record "
                    "episodes with both"
                )
        for t in range(max(len(steps) for steps in episodes)):
            going = [index for index, steps in enumerate(episodes) if t < len(steps)]
            step, here = _side_by_side([episodes[index][t] for index in going]), where[going]
            self.act(step.observation, here, deterministic=True)  # draws nothing
            self.observe(step, here)

    @torch.no_grad()
    def values_after(self, observation: Any, rows: np.ndarray) -> torch.Tensor:
        """Return the values [R] of what follows the last step of `rows`, and change nothing.

        Args:
            observation: The true successors, [R, ...], although the episodes may have ended.
            rows: Indices [R].
        """
        inputs = self.builder.build(
            observation,
            self._previous_actions[rows],
            self._previous_rewards[rows] * self._reward_scale,
            np.zeros(len(rows), dtype=bool),
        )
        inputs = self._completed(inputs, rows)
        shown = torch.from_numpy(inputs).to(self._state.device)
        return self.policy.step(shown, self._state[rows])[1].cpu()

    def _completed(self, inputs: np.ndarray, rows: Any) -> np.ndarray:
        """Return inputs [R, D] with whatever else the policy is shown in `rows`."""
        return inputs

    def freeze(self) -> None:
        """From now on, begin every episode with the present state (and inputs)."""
        self._frozen[:] = True
        self._memory = (
            self._state.clone(),
            self._previous_actions.copy(),
            self._previous_rewards.copy(),
        )

    def _restore(self, where: np.ndarray) -> None:
        starting = where[self._starts[where] & self._frozen[where]]
        state, actions, rewards = self._memory
        self._state[starting] = state[starting]
        self._previous_actions[starting] = actions[starting]
        self._previous_rewards[starting] = rewards[starting]


def _side_by_side(steps: Sequence[Step]) -> Step:
    """Return steps of one row each as one of all these rows."""
    seen, after = (
        batches.stack([batches.take(part, 0) for part in parts])
        for parts in ([s.observation for s in steps], [s.next_observation for s in steps])
    )
    action, reward, terminated, truncated = (
        np.array([np.asarray(getattr(s, name))[0] for s in steps])
        for name in ("action", "reward", "terminated", "truncated")
    )
    return Step(seen, action, reward, terminated, truncated, after)


@torch.no_grad()
def act_on_trials(
    policy: TrialPolicy,
    observation: Any,
    state: np.ndarray | None,
    episode_start: np.ndarray | None,
    deterministic: bool,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Act on `TrialWrapper`'s observations; implements `TrialAlgorithm.predict`.

    Args:
        policy: The policy.
        observation: One observation or R of them: arrays [D] or [R, D], or Dicts of arrays.
        state: What the last call returned, [R, S]; None at the start.
        episode_start: Whether a trial starts, [R].
        deterministic: Take the most probable action.
        random: Generator that draws the actions otherwise.

    Returns:
        Actions [...] or [R, ...], and the state [R, S].

    Raises:
        ValueError: If the observation is not `TrialWrapper`'s.
    """
    rows, single = shown_rows(policy.builder, observation, float(policy.reward_scale))
    inputs = torch.from_numpy(rows)
    carried = policy.initial_state(len(inputs))
    if state is not None:
        going_on = np.ones(len(inputs), bool) if episode_start is None else ~episode_start
        carried[going_on] = torch.as_tensor(state, device=carried.device)[going_on]
    params, _, carried = policy.step(inputs.to(carried.device), carried)
    params, carried = params.cpu(), carried.cpu()
    head = policy.head
    if deterministic:
        actions = head.mode(params)
    else:
        draw = random.random if head.noise_kind == "uniform" else (random.standard_normal)
        noise = draw((len(inputs), head.noise_size)).astype(np.float32)
        actions = head.sample(params, torch.from_numpy(noise))
    return (actions.numpy()[0] if single else actions.numpy()), carried.numpy()
