"""What IMPALA and the agents built on it take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.base.agent_arguments import ActorCriticArguments, DiscountArguments, EntropyArguments
from ..core.base.arguments import above, argument, at_least, within
from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.learning.functional import Annealed, Optimizer, RMSProp
from .rule import ImpalaRule


class ImpalaArguments(ActorCriticArguments, DiscountArguments, EntropyArguments, LifetimeAlgorithm):
    """Arguments of IMPALA and the agents built on it, and the optimiser that follows from them."""

    learning_rate = 6e-4
    n_envs = 32
    n_steps = 20
    max_grad_norm = 40.0
    ent_coef = 0.01
    gae_lambda: float = argument("Lambda of V-trace.", within(0, 1), default=1.0)
    lag: int = argument(
        "Act with the parameters of this many updates ago; V-trace corrects for it.",
        at_least(0),
        default=0,
    )
    clip_reward: float | None = argument(
        "The loss sees rewards clipped to plus and minus this; None does not clip.",
        above(0),
        default=None,
    )
    rms_decay: float = argument(
        "Decay of RMSProp's mean of squared gradients.", within(0, 1), default=0.99
    )
    rms_eps: float = argument(
        "RMSProp's epsilon, inside the root as in TensorFlow.", above(0), default=0.01
    )
    schedule_steps: int | None = argument(
        'Steps of all rows over which `learning_rate=("linear", start, end)` moves; it stays at '
        "the end after them.",
        at_least(1),
        default=None,
    )

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        rate = values["learning_rate"]
        if isinstance(rate, list | tuple):
            if values["schedule_steps"] is None:
                raise ValueError(
                    f"learning_rate={rate!r}: a life has no end; say with schedule_steps over how "
                    "many steps the rate moves, or give a number"
                )
            if not rate[1] > 0:
                raise ValueError(f"learning_rate={rate!r} must start above 0")
            values = {**values, "learning_rate": float(rate[1])}
        super()._check_arguments(values)

    def _impala_rule(self) -> ImpalaRule:
        """Return IMPALA's rule."""
        rate, optimizer = self._rate()
        return ImpalaRule(
            network=self.network,
            optimizer=optimizer,
            n_steps=self.n_steps,
            learning_rate=rate,
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            max_grad_norm=self.max_grad_norm,
            lag=self.lag,
            clip_reward=self.clip_reward,
        )

    def _rate(self) -> tuple[float, Optimizer]:
        """Return the initial learning rate, and the optimiser."""
        optimizer: Optimizer = RMSProp(decay=self.rms_decay, eps=0.0, eps_root=self.rms_eps)
        rate = self.learning_rate
        if isinstance(rate, int | float):
            return float(rate), optimizer
        assert self.schedule_steps is not None
        updates = self.schedule_steps / (self.n_steps * self.n_envs)
        return float(rate[1]), Annealed(optimizer, float(rate[2]) / float(rate[1]), updates)
