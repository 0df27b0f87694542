"""RL2's original outer step: TRPO on whole trials. T steps, B trials, P distribution parameters."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ..core.base.schedules import Schedule, value_at
from ..core.base.updates import GradientUpdate
from ..core.losses import losses
from ..core.losses.trust_region import finite_difference_product, trust_region_step
from ..core.nets.recurrent_policy import RecurrentPolicy
from ..core.play.trials import Batch

_SUB_SAMPLING = 5  # the KL's Hessian is measured on one in this many trials
_CG_DAMPING = 1e-2


class TRPO:
    """One step within a trust region, then a fit of the value.

    Args:
        ent_coef: Weight of the entropy bonus; may be a schedule.
        target_kl: Radius of the region.
        value: Fits the value; None leaves it unchanged.
    """

    def __init__(self, ent_coef: Schedule, target_kl: float, value: GradientUpdate | None):
        self.ent_coef, self.target_kl, self.value = ent_coef, target_kl, value
        self.n_updates = 0

    def run(
        self, policy: RecurrentPolicy, whole: Batch, progress: float, shuffle: np.random.Generator
    ) -> dict[str, float]:
        """Take the step, as in `Update`."""
        ent_coef = value_at(self.ent_coef, progress)
        figures = trust_region_update(policy, whole, ent_coef, self.target_kl)
        if self.value is None:
            return figures
        fitted = self.value.run(policy, whole, progress, shuffle)
        self.n_updates = self.value.n_updates
        return {**fitted, **figures}


def trust_region_update(
    policy: RecurrentPolicy, batch: Batch, ent_coef: float, target_kl: float
) -> dict[str, float]:
    """Take one TRPO step of a policy whose value has a trunk of its own.

    Args:
        policy: Updated in place.
        batch: All trials.
        ent_coef: Weight of the entropy.
        target_kl: Radius of the region: of KL(acting || new), the mean over played steps.

    Returns:
        Figures to log.

    Source:
        Duan et al. 2016 (RL2), section 2.4: TRPO; the Hessian from differences of gradients, as in
        their code's optimiser for recurrent policies.
    """
    trained = [*policy.trunk.parameters(), *policy.head.parameters()]
    start = nn.utils.parameters_to_vector(trained).detach().clone()
    head, mask = policy.head, batch.mask
    few = batch.columns(torch.arange(0, mask.shape[1], _SUB_SAMPLING, device=mask.device))
    with torch.no_grad():
        acting = policy.distribution(batch.inputs)
        acting_few = policy.distribution(few.inputs)

    def flat_gradient(value: torch.Tensor) -> torch.Tensor:
        parts = torch.autograd.grad(value, trained)
        return torch.cat([part.flatten() for part in parts])

    def surrogate(params: torch.Tensor) -> torch.Tensor:
        log_prob = head.log_prob(params, batch.actions)
        gain = losses.ratio_surrogate(log_prob, batch.old_log_prob, batch.advantages, mask)
        return gain - ent_coef * losses.masked_mean(head.entropy(params), mask)

    def kl_gradient(vector: torch.Tensor) -> torch.Tensor:
        nn.utils.vector_to_parameters(vector, trained)
        params = policy.distribution(few.inputs)
        return flat_gradient(losses.masked_mean(head.kl(acting_few, params), few.mask))

    @torch.no_grad()
    def loss_and_kl(vector: torch.Tensor) -> tuple[float, float]:
        nn.utils.vector_to_parameters(vector, trained)
        params = policy.distribution(batch.inputs)
        return float(surrogate(params)), float(losses.masked_mean(head.kl(acting, params), mask))

    gradient = flat_gradient(surrogate(policy.distribution(batch.inputs)))
    done = trust_region_step(
        start,
        gradient,
        finite_difference_product(kl_gradient, start, _CG_DAMPING),
        loss_and_kl,
        max_kl=target_kl,
    )
    nn.utils.vector_to_parameters(done.parameters, trained)
    return {
        "policy_gradient_loss": done.loss_after,
        "approx_kl": done.kl,
        "line_search_success": float(done.accepted),
    }
