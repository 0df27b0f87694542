"""STAC and STACX: IMPALA that tunes its own discount, lambda, leak and loss weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..core.base.agent_arguments import MetaGradientArguments
from ..core.base.arguments import argument, at_least
from ..core.lifetimes.meta_parameters import Bounded, MetaParameters
from ..core.lifetimes.optimizers import META
from ..core.nets.actor_critic import ActorCritic
from ..core.nets.heads import make_head
from .arguments import ImpalaArguments
from .presets import STAC_PRESETS
from .stac_rule import NAMES, StacRule, auxiliary_name, eta_name, parameters_of

_START = 0.99  # sigmoid(4.6)
_WIDTHS = (256, 256)  # of an auxiliary pair's layers


class STAC(MetaGradientArguments, ImpalaArguments):
    """Self-tuning actor-critic (Zahavy et al. 2020, arXiv 2002.12928): IMPALA, self-tuned.

    Discount, lambda, the leak alpha of V-trace and the weights of the loss are meta-parameters: at
    each update they follow the gradient, through the update, of a loss of the same steps with
    constants that stay (the arguments `gamma`, ..., `ent_coef`) and a KL divergence from the new to
    the old policy. All are sigmoids: discount, lambda and alpha lie strictly between 0 and 1,
    weights between 0 and those of the outer loss.

    Differences from the paper: as of IMPALA. The learning rate of the meta-parameters and the
    clipping of their gradients are not published for all experiments; ours are in the arguments.

    Raises:
        ValueError: If an argument is out of range, or a meta-parameter is unknown.
    """

    any_device = True

    presets = STAC_PRESETS

    gamma = 0.995
    vf_coef = 0.25
    eta: Any = argument(
        f"The meta-parameters: some of {', '.join(NAMES)} (of the loss and of V-trace).",
        default=NAMES,
        type=tuple[str, ...],
    )
    eta_start: Mapping[str, float] | None = argument(
        "Initial values of meta-parameters, strictly between 0 and 1 (weights: shares of the outer "
        f"ones); {_START} where none is given.",
        default=None,
    )
    kl_coef: float = argument(
        "Weight of the KL divergence in the outer loss.", at_least(0), default=1.0
    )
    _auxiliary = 0

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        given = values["eta"]
        names = [given] if isinstance(given, str) else list(given)
        if not names or len(set(names)) < len(names) or set(names) - set(NAMES):
            raise ValueError(f"eta={given!r} must be one or several of {list(NAMES)}")
        known = [eta_name(name, index) for index in range(self._auxiliary + 1) for name in names]
        for name, value in (values["eta_start"] or {}).items():
            if name not in known:
                raise ValueError(f"eta_start has {name!r}; the meta-parameters are {known}")
            if not 0 < value < 1:
                raise ValueError(f"eta_start[{name!r}]={value} must lie strictly between 0 and 1")

    def _names(self) -> list[str]:
        own = [self.eta] if isinstance(self.eta, str) else list(self.eta)
        return [eta_name(name, index) for index in range(self._auxiliary + 1) for name in own]

    def _make_rule(self) -> StacRule:
        start = self.eta_start or {}
        bounded = {name: Bounded(float(start.get(name, _START))) for name in self._names()}
        return StacRule(
            inner=self._impala_rule(),
            meta=MetaParameters(bounded),
            meta_optimizer=META,
            meta_learning_rate=self.meta_learning_rate,
            meta_max_grad_norm=self.meta_max_grad_norm,
            judged_by="same",
            kl_coef=self.kl_coef,
            auxiliary=self._auxiliary,
        )

    def _frozen_arguments(self) -> dict[str, Any]:
        """Return arguments that begin with the present meta-parameters, and keep them."""
        assert isinstance(self.rule, StacRule)
        values = self.rule.meta.values(self.loop.learners["eta"])
        start = {name: float(value[0]) for name, value in values.items()}
        return {"meta_learning_rate": 0.0, "eta_start": start}


class STACX(STAC):
    """Self-tuning actor-critic with auxiliary tasks (Zahavy et al. 2020): STAC with two more heads.

    Two further pairs of policy and value, each with two layers of 256 on the shared features and
    with meta-parameters of its own (`gamma_1`, `gamma_2`, ...), learn beside the first. They never
    act, and the outer loss is of the first pair alone.

    Differences from the paper: as of STAC.

    Raises:
        ValueError: If an argument is out of range, or a meta-parameter is unknown.
    """

    _auxiliary = 2

    def _make_network(self, **more: Any) -> ActorCritic:
        with torch.random.fork_rng(devices=[]):  # its weights are not used
            size = parameters_of(make_head(self.action_space, 1)) + 1
        names = [auxiliary_name(index) for index in range(1, self._auxiliary + 1)]
        outputs = {"value": 1, **dict.fromkeys(names, size)}
        deeper = dict.fromkeys(names, _WIDTHS)
        return super()._make_network(outputs=outputs, deeper=deeper, **more)
