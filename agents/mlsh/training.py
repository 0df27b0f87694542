"""What sub-policies learn from: the steps that each of them played. N rows, T steps, K of them.

B steps in all; B' of one sub-policy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..core.lifetimes.kept import Kept
from ..core.lifetimes.ppo import Batch, PPORule
from ..core.lifetimes.rule import Learners
from ..core.losses.returns import vtrace
from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .loops import HierarchyLoop

_EPSILON = 1e-8


class RecordingLoop(HierarchyLoop):
    """Keeps every step of T, for the sub-policies; masters learn when they are told to.

    Args:
        *args: As in `HierarchyLoop`.
        n_steps: T.
    """

    def __init__(self, *args: Any, n_steps: int):
        super().__init__(*args)
        self.kept = Kept(self.num_rows, n_steps)

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep the step."""
        where = self.rows(rows)
        after = self.hierarchy.network.encode(step.next_observation)
        self.kept.advance(where, step.reward, step.terminated, step.truncated, after)
        self._earned[where] += step.reward
        self.left[where] -= 1
        over = (self.left[where] == 0) | step.ended
        if self.kept.cursors[where[0]] == self.kept.steps:
            over[:] = True  # the iteration ends here
        self._end_slices(step, where, over)

    def _acted(
        self,
        where: np.ndarray,
        inputs: torch.Tensor,
        choices: torch.Tensor,
        policy: torch.Tensor,
        actions: torch.Tensor,
    ) -> None:
        parts = {"inputs": inputs, "actions": actions}
        parts |= {"record.choices": choices, "record.policy": policy}
        self.kept.write(parts, where, True)


@torch.no_grad()
def steps_of(
    loop: RecordingLoop, rows: np.ndarray, gamma: float, gae_lambda: float
) -> dict[str, torch.Tensor]:
    """Return what rows played as steps [B, ...], with advantages and the targets of values.

    The value of a place is that of the sub-policy which acts there: to a sub-policy, the master's
    choices are part of the environment.

    Args:
        loop: What was kept.
        rows: Integer indices.
        gamma: Discount.
        gae_lambda: Lambda.

    Returns:
        `inputs`, `actions`, `choices`, `log_prob`, `advantages` and `targets`.
    """
    hierarchy, unroll = loop.hierarchy, loop.kept.unroll(np.arange(1), 1)
    index = torch.from_numpy(rows)
    inputs, choices = unroll.inputs[:, 0, index], unroll.record["choices"][:, 0, index]
    next_choices = torch.cat([choices[1:], choices[-1:]])

    def values(at: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
        flat = hierarchy.apply(at.flatten(0, 1), of.flatten(), "value")
        return flat.reshape(of.shape)

    next_values = values(inputs[1:], next_choices)
    if unroll.cut_inputs is not None:
        at_cuts = values(unroll.cut_inputs[:, 0, index], choices)
        next_values = torch.where(unroll.cut[:, 0, index] > 0, at_cuts, next_values)
    returns = vtrace(
        unroll.rewards[:, 0, index],
        values(inputs[:-1], choices),
        next_values,
        gamma * unroll.alive[:, 0, index],
        unroll.continues[:, 0, index],
        None,
        gae_lambda,
    )
    actions = unroll.actions[:, 0, index]
    log_prob = hierarchy.network.head.log_prob(unroll.record["policy"][:, 0, index], actions)
    parts = {
        **{"inputs": inputs[:-1], "actions": actions, "choices": choices, "log_prob": log_prob},
        **{"advantages": returns.advantages, "targets": returns.targets},
    }
    return {name: part.flatten(0, 1) for name, part in parts.items()}


def by_sub_policy(steps: dict[str, torch.Tensor], count: int) -> Batch:
    """Return the steps of each sub-policy side by side, its advantages standardised.

    Args:
        steps: From `steps_of`, [B, ...].
        count: K.

    Returns:
        As `PPORule.passes` takes it, [K, B', ...]; `mask` is 0 where a sub-policy has fewer steps
        than the one with the most.
    """
    choices = steps["choices"]
    order = torch.argsort(choices, stable=True)
    counts = torch.bincount(choices, minlength=count)
    begins = counts.cumsum(0) - counts
    places = torch.arange(int(counts.max()))
    mask = (places < counts[:, None]).float()
    index = order[(begins[:, None] + places).clamp(max=len(order) - 1)]
    batch = {name: part[index] for name, part in steps.items() if name != "choices"}
    total = counts.clamp(min=1)[:, None]
    centred = batch["advantages"] - (batch["advantages"] * mask).sum(1, keepdim=True) / total
    deviation = ((centred * mask).square().sum(1, keepdim=True) / total).sqrt()
    return {**batch, "advantages": centred / (deviation + _EPSILON), "mask": mask}


def learn(
    rule: PPORule, sub_policies: Learners, batch: Batch
) -> tuple[Learners, dict[str, torch.Tensor]]:
    """Return sub-policies after PPO's passes; one that played no step stays as it is.

    Args:
        rule: Its rule.
        sub_policies: [K, ...].
        batch: From `by_sub_policy`.

    Returns:
        Them and figures [K].
    """
    played = batch["mask"].sum(dim=1) > 0
    learnt, figures = rule.passes(sub_policies, batch)
    kept = {
        name: torch.where(played.reshape(-1, *(1,) * (part.ndim - 1)), part, sub_policies[name])
        for name, part in learnt.items()
    }
    return kept, figures
