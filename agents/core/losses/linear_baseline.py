"""A linear baseline fitted to each task's episodes anew. M tasks, N steps, F features.

For whole trials, one per column: T steps, B trials, D numbers of an observation.
"""

from __future__ import annotations

import torch

_CLIP = 10.0  # limit of observations, so that the squares of outliers do not dominate the fit
_TIME_UNIT = 100.0  # steps
_RIDGE = 1e-5
_MOST_FEATURES = 8_000_000  # numbers held at a time: 64 MB
_ATTEMPTS = 5  # each with ten times the previous ridge


def features(observations: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Return [observation, its square, time, time^2, time^3, 1], float64 [..., F].

    Args:
        observations: Raw observations, [..., D].
        time: Steps since the episode's start, [...].

    Source:
        Duan et al. 2016 (arXiv 1604.06778), appendix; Finn et al. 2017, A.2.
    """
    clipped = observations.double().clamp(-_CLIP, _CLIP)
    scaled = (time.double() / _TIME_UNIT).unsqueeze(-1)
    powers = [scaled, scaled**2, scaled**3, torch.ones_like(scaled)]
    return torch.cat([clipped, clipped**2, *powers], dim=-1)


def fit_linear_baseline(
    inputs: torch.Tensor, targets: torch.Tensor, mask: torch.Tensor, ridge: float = _RIDGE
) -> torch.Tensor:
    """Fit every task's targets by ridge regression and return the predictions.

    A fit that is singular or not finite is retried with ten times the ridge; the predictions for a
    task that cannot be fitted at all are 0.

    Args:
        inputs: Features, [M, N, F].
        targets: [M, N].
        mask: 1 where a step was played, [M, N].
        ridge: Weight of the squared coefficients.

    Returns:
        Predictions with the dtype of `targets`, [M, N].
    """
    inputs = inputs.double()
    weighted = inputs * mask.double().unsqueeze(-1)
    gram = weighted.transpose(1, 2) @ inputs
    moment = (weighted.transpose(1, 2) @ targets.double().unsqueeze(-1)).squeeze(-1)
    coefficients = torch.zeros_like(moment)
    left = torch.arange(len(gram))
    identity = torch.eye(gram.shape[-1], dtype=gram.dtype)
    for _ in range(_ATTEMPTS):
        solved, flaw = torch.linalg.solve_ex(gram[left] + ridge * identity, moment[left])
        good = (flaw == 0) & torch.isfinite(solved).all(dim=-1)
        coefficients[left[good]] = solved[good]
        left = left[~good]
        if not len(left):
            break
        ridge *= 10
    predicted = (inputs @ coefficients.unsqueeze(-1)).squeeze(-1)
    return (predicted * mask).to(targets.dtype)


@torch.no_grad()
def trial_baseline(
    inputs: torch.Tensor, returns: torch.Tensor, ends: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Fit every trial's returns by ridge regression and return the predictions [T, B].

    The features are Duan's, of the policy's inputs (including the last action and reward, which say
    much about what follows) and of the steps since the episode's start, plus three powers of the
    elapsed fraction of the trial.

    Args:
        inputs: The policy's inputs, not standardised, [T, B, D].
        returns: Discounted sums of rewards up to the trial's end, [T, B].
        ends: Whether an episode ended with the step, bool [T, B].
        mask: 1 where a step was played, [T, B].
    """
    steps, trials = returns.shape
    index = torch.arange(steps)[:, None]
    started = torch.zeros(steps, trials, dtype=torch.long)
    started[1:] = torch.where(ends[:-1], index[1:], 0)
    time = index - started.cummax(dim=0).values
    part = (index.double() / steps).expand(steps, trials)
    powers = torch.stack([part, part**2, part**3], dim=-1)
    width = 2 * inputs.shape[-1] + 7
    fitted = []
    # a few trials at a time: features take many times the memory of the inputs
    for some in torch.arange(trials).split(max(_MOST_FEATURES // (steps * width), 1)):
        made = features(inputs[:, some], time[:, some])
        made = torch.cat([made, powers[:, some]], dim=-1).transpose(0, 1)
        fitted.append(fit_linear_baseline(made, returns[:, some].t(), mask[:, some].t()).t())
    return torch.cat(fitted, dim=1)
