"""MIL: initial parameters from which a step on one demonstration leads to imitating it.

M tasks, N steps of a task.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from ..core.base.arguments import above, argument
from ..core.base.inner_step_arguments import InnerClipArguments, InnerStepArguments
from ..core.learning.adaptation import InnerRates, Parameters, adapt, spread
from .answers import mean_of_tasks
from .imitation import MetaImitation
from .policy import ImitationPolicy
from .presets import MIL as PRESETS
from .scenes import Shown


class MIL(InnerClipArguments, InnerStepArguments, MetaImitation):
    """Meta-imitation learning (Finn, Yu et al. 2017, arXiv 1709.04905).

    A new task is learnt by gradient steps on one demonstration of it, or a few; the outer steps
    improve the parameters from which that begins by how well other demonstrations of the same
    tasks are then imitated, through the inner steps (their equations 2 to 4). `evaluate(agent, id,
    demonstrations=1)` shows the family's expert to it. With `two_heads` the loss that the inner
    steps follow is learnt, and demonstrations may be videos: `demo_actions=False`, and
    `demo_states=False` where there are frames. `inner_steps=0` is cloning without adaptation.

    Differences from the paper and its code: layers begin with Xavier weights instead of deviations
    of 0.01 (small networks learn sooner), `loss_multiplier` is 1 instead of 50 or 100, and the
    errors of discrete actions are cross-entropies. There is no loss over time by convolutions.

    Raises:
        TypeError: If a space is not supported; if `demonstrations` are something else.
        ValueError: If an argument is out of range; if there are no demonstrations, and the family
            has no `expert`; if they have no tasks or actions, other spaces, or too few of a task.
    """

    policy_aliases = {
        "MlpPolicy": ImitationPolicy,
        "CnnPolicy": ImitationPolicy,
        "ImitationPolicy": ImitationPolicy,
    }
    presets = PRESETS

    inner_lr = 0.01
    inner_grad_clip = 20.0
    two_heads: bool = argument(
        "Give the pass before adaptation a head of its own, whose error is a learnt loss.",
        default=False,
    )
    demo_actions: bool = argument(
        "Show the actions of demonstrations; else the inner loss is what the (first) head answers, "
        "squared.",
        default=True,
    )
    demo_states: bool = argument(
        "Show all of the observations of demonstrations; else their frames alone.", default=True
    )
    loss_multiplier: float = argument(
        "Multiplies answers and actions before they are compared, in both losses; the inner rate "
        "in effect grows with its square.",
        above(0),
        default=1.0,
    )

    def _make_policy(self) -> nn.Module:
        return self.policy_class(
            self.observation_space,
            self.action_space,
            two_heads=self.two_heads,
            hide_state=not self.demo_states,
            **self.policy_kwargs,
        )

    def _trained(self) -> list[nn.Parameter]:
        named = dict(self.policy.named_parameters())
        self._adapted = self.policy.adapted()
        self.rates = InnerRates(
            {name: named[name] for name in self._adapted},
            self.inner_lr,
            self.inner_lr_shape,
            self.inner_steps if self.inner_lr_per_step else 1,
            self.learn_inner_lr,
        ).to(self.device)
        learnt = self.rates.parameters() if self.learn_inner_lr else ()
        return [*named.values(), *learnt]

    def _networks(self) -> dict[str, nn.Module]:
        return {"policy": self.policy, "inner_rates": self.rates}

    # ---- losses ---------------------------------------------------------------------------------

    def inner_loss(
        self, shared: Parameters, given: Shown, parameters: Parameters, step: int = 0
    ) -> torch.Tensor:
        """Return the sum over tasks of each task's loss on its demonstrations.

        Args:
            shared: Parameters that are not adapted, [M, ...].
            given: The demonstrations.
            parameters: Those that are, [M, ...].
            step: Not used.

        Source:
            Finn, Yu et al. 2017, equation 3; section 4.2 for the learnt loss.
        """
        whole = {**shared, **parameters}
        answers = self.policy.apply_parameters(whole, given.inputs, before=True)
        if self.demo_actions:
            assert given.targets is not None
            errors = self._errors(answers, given.targets)
        else:
            errors = (self.loss_multiplier * answers).square().mean(dim=-1)
        return mean_of_tasks(errors, given.mask)

    def adapt(
        self, given: Shown, steps: int | None = None, differentiable: bool = True
    ) -> Parameters:
        """Return each task's parameters after gradient steps on its demonstrations.

        Args:
            given: The demonstrations.
            steps: Number of steps; None takes that of training.
            differentiable: Keep the graph.
        """
        shared = spread(dict(self.policy.named_parameters()), len(given.inputs))
        start = {name: shared[name] for name in self._adapted}
        if not differentiable:
            start = {name: part.detach().requires_grad_() for name, part in start.items()}
        changed = adapt(
            start,
            partial(self.inner_loss, shared, given),
            self.rates,
            self.inner_steps if steps is None else steps,
            differentiable=differentiable,
            first_order=self.first_order,
            limit=self.inner_grad_clip,
        )
        return {**shared, **changed}

    def outer_loss(self, given: Shown, asked: Shown) -> torch.Tensor:
        """Return the mean over tasks of the adapted policies' errors, a scalar.

        Source:
            Finn, Yu et al. 2017, equation 4.
        """
        answers = self.policy.apply_parameters(self.adapt(given), asked.inputs)
        assert asked.targets is not None
        errors = self._errors(answers, asked.targets)
        return mean_of_tasks(errors, asked.mask) / len(asked.mask)

    def _errors(self, answers: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if targets.is_floating_point():
            targets = self.loss_multiplier * targets
        return self.answers.errors(self.loss_multiplier * answers, targets)

    # ---- acting ---------------------------------------------------------------------------------

    def learnt(self, given: Shown | None, tasks: int) -> Mapping[str, Any]:
        """Return each task's parameters, [M, ...]; as in `MetaImitation`.

        Raises:
            ValueError: If demonstrations lack actions that are needed.
        """
        if given is None:
            return spread(dict(self.policy.named_parameters()), tasks)
        if self.demo_actions and given.targets is None:
            raise ValueError(
                "a demonstration has no actions, and the inner loss compares with them; train with "
                "demo_actions=False (and two_heads=True) to learn from videos"
            )
        with torch.enable_grad():
            return self.adapt(given, differentiable=False)

    def answer(self, known: Any, inputs: torch.Tensor) -> torch.Tensor:
        """Return answers [M, R, A] with each task's parameters."""
        return self.policy.apply_parameters(known, inputs)
