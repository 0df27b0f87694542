"""Learners that adapt their own meta-parameters by a meta-gradient: an inner rule and an objective.

M learners, P parameters and E meta-parameters (eta) of each; T steps, R rows. A subclass says how
eta shapes the inner update (`inner_loss`), and what the updated parameters are judged by (`outer`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch

from ..learning.functional import Optimizer, clip_norm, norms
from ..nets.stacked import Parts
from . import window
from .actor_critic import ActorCriticRule, descend
from .meta_parameters import MetaParameters
from .path import Latest, Path, adapt, jacobian, of_policy, refuse_not_finite
from .rule import Learners, Rule, Unroll

Figures = dict[str, torch.Tensor]
_TOKEN = "window.unroll.rewards"  # a new array with each unroll that is remembered


@dataclass
class MetaGradientRule(Rule):
    """An inner rule whose meta-parameters follow the gradient of an outer objective.

    With `judged_by="next"` (online cross-validation), `inner_steps` updates are made with the same
    eta, then `more_steps` further ones that no gradient passes through; the next unroll judges the
    result: eta changes, and this unroll makes the first of the next updates. With
    `judged_by="same"` each update is judged by the unroll it was made from.

    Args:
        inner: How learners act and learn, for given meta-parameters; the meta-gradient passes
            through the steps of its optimiser.
        meta: The meta-parameters.
        meta_optimizer: Their optimiser.
        meta_learning_rate: Its learning rate.
        meta_max_grad_norm: Each learner's meta-gradient is clipped to this norm; None does not
            clip.
        inner_steps: Updates that the meta-gradient passes through.
        more_steps: Further updates before the result is judged.
        trace: Decay mu of the trace of d parameters / d eta, which stands for the updates before
            the last; 0 takes the last alone.
        judged_by: `"next"` or `"same"` unroll.

    Raises:
        ValueError: If `trace` is used with several inner steps.
    """

    inner: ActorCriticRule
    meta: MetaParameters
    meta_optimizer: Optimizer
    meta_learning_rate: float
    meta_max_grad_norm: float | None = None
    inner_steps: int = 1
    more_steps: int = 0
    trace: float = 0.0
    judged_by: Literal["next", "same"] = "next"
    _latest: Latest = field(default_factory=Latest, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the arguments."""
        self.network, self.n_steps = self.inner.network, self.inner.n_steps
        if self.network.memory is not None:
            raise ValueError("meta-gradients take networks without memory; use memory=None")
        several = self.inner_steps != 1 or self.more_steps or self.judged_by == "same"
        if self.trace and several:
            raise ValueError(f"trace={self.trace} needs one update, judged by the next unroll")

    # ---- what a subclass defines ----------------------------------------------------------------

    @abstractmethod
    def inner_loss(
        self,
        policy: torch.Tensor,
        unroll: Unroll,
        eta: Parts,
        context: torch.Tensor | None = None,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return each learner's loss [M], and figures [M].

        Args:
            policy: [M, P]; the loss's gradient is taken here.
            unroll: What the learners did.
            eta: Values of the meta-parameters by name; do not detach what depends on them.
            context: What the learners remember as `"context"`; None if nothing.
            fixed: The same parameters again, as the result of earlier updates: make of these what
                the loss takes as constants; None if there were none, then detach `policy`.
        """

    @abstractmethod
    def outer(
        self,
        learners: Learners,
        policy: torch.Tensor,
        unroll: Unroll,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return each learner's outer objective [M], to be minimised, and figures [M].

        Args:
            learners: The learners as they are now; constants. With `judged_by="same"`, as they
                were before the update.
            policy: Parameters after `inner_steps` updates, [M, P]; the gradient is taken here.
            unroll: The unroll that judges them.
            fixed: Parameters of which to make what the objective takes as constants; None makes
                them of `policy`, detached.
        """

    @property
    def adapts(self) -> tuple[str, ...]:  # type: ignore[override]
        """The figures that are meta-parameters."""
        return tuple(self.meta.figures(self.meta.begin([0])))

    def direct(
        self, eta: torch.Tensor, learners: Learners, unroll: Unroll
    ) -> tuple[torch.Tensor, Figures] | None:
        """Return a loss [M] of the meta-parameters [M, E] themselves, and figures; or None."""
        return None

    def see(self, learners: Learners, unroll: Unroll) -> Learners:
        """Return learners that have noted what they need of an unroll before learning from it."""
        return learners

    def settle(self, learners: Learners) -> Learners:
        """Return learners ready to act after an update."""
        return learners

    # ---- a rule ---------------------------------------------------------------------------------

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        learners = self.inner.begin(seeds)
        eta = self.meta.begin(seeds)
        state = self.meta_optimizer.begin(eta)
        learners |= {"eta": eta, **{f"meta.{name}": part for name, part in state.items()}}
        if self.trace:
            numbers = len(self.meta.columns())
            policy = learners["policy"]
            learners["trace"] = policy.new_zeros(len(seeds), numbers, policy.shape[1])
        return self.settle(learners)

    def room(self, learners: Learners, num_rows: int) -> Learners:
        """Return empty memory of the updates that the next unroll will judge."""
        if self.judged_by == "same":
            return {}
        return window.room(self, learners, num_rows, self.inner_steps)

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, Figures]:
        """Adapt the meta-parameters if updates are due to be judged, then learn.

        Raises:
            NotFiniteError: If a meta-gradient is not finite; names the meta-parameter.
            ValueError: If `differentiable`: updates themselves are differentiated here.
        """
        if differentiable:
            raise ValueError("differentiable=True: these updates cannot be differentiated again")
        learners = self.see(learners, unroll)
        if self.judged_by == "same":
            return self._judge_at_once(learners, unroll)
        counts = learners["window.count"]
        if bool((counts == counts[0]).all()):
            return self._update(learners, unroll, int(counts[0]))
        parts = dict(learners)  # which are at different updates
        figures: Figures = {}
        for count in counts.unique().tolist():
            index = torch.nonzero(counts == count).squeeze(1)
            chosen = {name: part[index] for name, part in learners.items()}
            after, shown = self._update(chosen, window.of_learners(unroll, index), count)
            parts = {name: part.index_copy(0, index, after[name]) for name, part in parts.items()}
            for name, part in shown.items():
                nothing = part.new_full((len(counts),), float("nan"))
                figures[name] = figures.get(name, nothing).index_copy(0, index, part)
        return parts, figures

    # ---- inside ---------------------------------------------------------------------------------

    def _update(self, learners: Learners, unroll: Unroll, count: int) -> tuple[Learners, Figures]:
        """Update learners that have made `count` updates since their eta last changed."""
        judged: Figures = {}
        if count == self.inner_steps + self.more_steps:
            path = self._path(learners, self.inner_steps)
            grads, trace, judged = self._meta_gradient(path, learners, unroll)
            learners, count = window.begin({**self._adapt(learners, grads), **trace}), 0
        if count < self.inner_steps:
            path = self._begin(learners) if count == 0 else self._path(learners, count)
            learners = window.add(learners, unroll, count)
            figures = self._advance(path, unroll, learners.get("context"))
            after = {name: part.detach() for name, part in path.after.items()}
            path.seen, self._latest.path = learners[_TOKEN], path
        else:
            values = self.meta.values(learners["eta"])
            after, figures = self.step(
                of_policy(learners), unroll, values, learners.get("context"), graph=False
            )
        count_after = torch.full_like(learners["window.count"], count + 1)
        learners = self.settle({**learners, **after, "window.count": count_after})
        return learners, {**figures, **judged, **self.meta.figures(learners["eta"])}

    def _judge_at_once(self, learners: Learners, unroll: Unroll) -> tuple[Learners, Figures]:
        path = self._begin(learners)
        figures = self._advance(path, unroll, learners.get("context"))
        grads, _, judged = self._meta_gradient(path, learners, unroll)
        after = {name: part.detach() for name, part in path.after.items()}
        learners = self.settle({**self._adapt(learners, grads), **after})
        return learners, {**figures, **judged, **self.meta.figures(learners["eta"])}

    def step(
        self,
        learners: Learners,
        unroll: Unroll,
        eta: Parts,
        context: torch.Tensor | None,
        graph: bool,
    ) -> tuple[Learners, Figures]:
        """Take one inner step.

        Args:
            learners: Policy and optimiser's state.
            unroll: What the learners did.
            eta: Values of the meta-parameters by name.
            context: See `inner_loss`.
            graph: Keep the graph from eta and `learners` to the result.
        """
        before, fixed = learners["policy"], None
        if before.requires_grad:  # earlier updates made it, and its values are in the returns
            policy, fixed = before.clone(), before
        else:
            policy = before = before.detach().requires_grad_()
        loss, figures = self.inner_loss(policy, unroll, eta, context, fixed)
        (grads,) = torch.autograd.grad(loss.sum(), policy, create_graph=graph)
        inner = self.inner
        clipped = clip_norm(grads, inner.max_grad_norm)
        after = descend(inner.optimizer, learners, before, clipped, inner.learning_rate)
        if not graph:
            after = {name: part.detach() for name, part in after.items()}
        figures = {name: part.detach() for name, part in figures.items()}
        return after, {**figures, "grad_norm": norms(grads.detach())}

    def _begin(self, learners: Learners) -> Path:
        return Path(learners["eta"].detach().requires_grad_(), of_policy(learners))

    def _advance(self, path: Path, unroll: Unroll, context: torch.Tensor | None) -> Figures:
        """Add an update to a path."""
        values = self.meta.values(path.eta)
        path.after, figures = self.step(path.after, unroll, values, context, graph=True)
        path.updates += 1
        return figures

    def _path(self, learners: Learners, updates: int) -> Path:
        """Return the path of the remembered updates: the newest one, or computed again."""
        path, self._latest.path = self._latest.path, None
        if path is not None and path.updates == updates and path.seen is learners[_TOKEN]:
            return path
        path = self._begin({**learners, **window.start(learners)})
        for update in range(updates):
            seen, context = window.unroll(learners, update), window.context(learners, update)
            self._advance(path, seen, context)
        return path

    def _meta_gradient(
        self, path: Path, learners: Learners, unroll: Unroll
    ) -> tuple[torch.Tensor, Learners, Figures]:
        """Return the gradient of the outer objective with respect to eta [M, E], and figures.

        The objective's gradient at the updated parameters is taken first, and then pulled back
        through the updates: the two graphs are never one.
        """
        after = path.after["policy"]
        point = after.detach().requires_grad_()
        loss, figures = self.outer(learners, point, unroll)
        (slope,) = torch.autograd.grad(loss.sum(), point)
        kept: Learners = {}
        if self.trace:
            kept["trace"] = self.trace * learners["trace"] + jacobian(path, self.meta.columns())
            grads = torch.zeros_like(path.eta)
            weighted = (kept["trace"] * slope[:, None]).sum(dim=-1)
            grads[:, self.meta.columns()] = weighted
        else:
            (grads,) = torch.autograd.grad(after, path.eta, grad_outputs=slope)
        own = self.direct(path.eta, learners, unroll)
        if own is not None:
            (more,) = torch.autograd.grad(own[0].sum(), path.eta)
            grads, figures = grads + more, {**figures, **own[1]}
        figures = {name: part.detach() for name, part in figures.items()}
        figures |= {"meta_loss": loss.detach(), "meta_grad_norm": norms(grads)}
        refuse_not_finite(loss, self.meta.layout.unflatten(grads))
        return grads, kept, figures

    def _adapt(self, learners: Learners, grads: torch.Tensor) -> Learners:
        clipped = clip_norm(grads, self.meta_max_grad_norm)
        return adapt(self.meta_optimizer, learners, clipped, self.meta_learning_rate)
