"""Cloning conditioned on demonstrations: the baselines of MIL. M tasks, N steps of a task."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..core.base.arguments import argument, one_of
from .answers import mean_of_tasks
from .context_policy import CONTEXTS, ContextPolicy
from .imitation import MetaImitation
from .presets import CONDITIONAL as PRESETS
from .scenes import Shown


class ConditionalBC(MetaImitation):
    """Behaviour cloning by a network that is shown demonstrations of the task (Duan et al. 2017).

    What it learns in a task it keeps in a memory, and no parameter changes: the three baselines of
    MIL (Finn, Yu et al. 2017, section 6). `context="final"` is their contextual policy, which sees
    the last observation of the demonstration beside each of its own; `"lstm"` has read the
    demonstration with an LSTM; `"attention"` attends to what that LSTM gave at each step. Several
    demonstrations are read one by one, and what is remembered of them is averaged (or attended to
    together).

    Differences from the papers: the LSTM reads the demonstration alone, and layers without memory
    act; attention is over steps, not over blocks of a scene.

    Raises:
        TypeError: If a space is not supported; if `demonstrations` are something else.
        ValueError: If an argument is out of range; if there are no demonstrations, and the family
            has no `expert`; if they have no tasks or actions, other spaces, or too few of a task.
    """

    policy_aliases = {
        "MlpPolicy": ContextPolicy,
        "CnnPolicy": ContextPolicy,
        "ContextPolicy": ContextPolicy,
    }
    presets = PRESETS

    context: str = argument(
        'What is remembered of a demonstration: `"final"`, its last observation; `"lstm"`, the '
        'state of an LSTM after it; `"attention"`, the outputs of that LSTM at each step.',
        one_of(*CONTEXTS),
        default="lstm",
    )
    demo_actions: bool = argument(
        'Show the actions of demonstrations (which `"final"` has no use for).', default=True
    )

    def _make_policy(self) -> nn.Module:
        return self.policy_class(
            self.observation_space,
            self.action_space,
            context=self.context,
            demo_actions=self.demo_actions,
            **self.policy_kwargs,
        )

    def outer_loss(self, given: Shown, asked: Shown) -> torch.Tensor:
        """Return the mean over tasks of errors after reading `given`, a scalar."""
        answers = self.policy.apply_memory(self.policy.remember(given), asked.inputs)
        assert asked.targets is not None
        errors = self.answers.errors(answers, asked.targets)
        return mean_of_tasks(errors, asked.mask) / len(asked.mask)

    def learnt(self, given: Shown | None, tasks: int) -> Any:
        """Return each task's memory; as in `MetaImitation`.

        Raises:
            ValueError: If demonstrations lack actions that are read.
        """
        if given is None:
            return self.policy.nothing(tasks)
        if self.demo_actions and self.context != "final" and given.targets is None:
            raise ValueError(
                "a demonstration has no actions, and this agent reads them; train with "
                "demo_actions=False to learn from what is seen alone"
            )
        return self.policy.remember(given)

    def answer(self, known: Any, inputs: torch.Tensor) -> torch.Tensor:
        """Return answers [M, R, A], by each task's memory."""
        return self.policy.apply_memory(known, inputs)
