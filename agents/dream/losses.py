"""DREAM's losses. T steps (T + 1 prefixes), B episodes, A actions, L latents; time-major.

Source: Liu et al. 2021 (arXiv 2008.02790), section 4, and the code published with it.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, no_grad
from torch.nn import functional


def double_q_targets(
    rewards: Tensor, terminated: Tensor, online: Tensor, slow: Tensor, gamma: float
) -> Tensor:
    """Return r + gamma * Q_slow(s', argmax Q_online(s')), [T, B]; r alone where it terminated.

    Args:
        rewards: [T, B].
        terminated: 1 where nothing follows, [T, B].
        online: Values of the successors' actions by the network that is trained, [T, B, A].
        slow: The same by its slow copy, [T, B, A].
        gamma: Discount.

    Source: van Hasselt et al. 2016, equation 4.
    """
    best = online.argmax(dim=-1, keepdim=True)
    following = slow.gather(-1, best)[..., 0]
    return (rewards + gamma * (1.0 - terminated) * following).detach()


def td_loss(values: Tensor, actions: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Return the mean Huber error of the values of the actions taken.

    Args:
        values: [T, B, A].
        actions: Indices, [T, B].
        targets: [T, B].
        mask: 1 where a step counts, [T, B].
    """
    taken = values.gather(-1, actions[..., None])[..., 0]
    errors = functional.smooth_l1_loss(taken, targets, reduction="none")
    return (errors * mask).sum() / mask.sum()


def recurrent_td_loss(
    network: Any, slow: Any, inputs: Tensor, episodes: Any, rewards: Tensor, gamma: float
) -> Tensor:
    """Return the loss of a recurrent network's values of whole episodes.

    Args:
        network: Maps inputs to values [T + 1, B, A] and a state.
        slow: Its slow copy.
        inputs: [T + 1, B, D].
        episodes: With `actions`, `terminated` and `mask`, [T, B].
        rewards: [T, B].
        gamma: Discount.
    """
    values, _ = network(inputs)
    with no_grad():
        later, _ = slow(inputs)
    targets = double_q_targets(rewards, episodes.terminated, values[1:], later[1:], gamma)
    return td_loss(values[:-1], episodes.actions, targets, episodes.mask)


def distances(inferred: Tensor, latents: Tensor) -> Tensor:
    """Return the squared distance of each prefix's inference from the latent, [T + 1, B].

    Args:
        inferred: What the inference network makes of each prefix, [T + 1, B, L].
        latents: Embedded problems, [B, L].
    """
    return (inferred - latents).pow(2).sum(dim=-1)


def information_gain(inferred: Tensor, latents: Tensor, penalty: float) -> Tensor:
    """Return exploration's rewards: how much nearer each step brought the inference, [T, B].

    Args:
        inferred: As in `distances`.
        latents: As in `distances`.
        penalty: What each step costs.

    Source: Liu et al. 2021, equation 5.
    """
    left = distances(inferred, latents).detach()
    return left[:-1] - left[1:] - penalty


def inference_loss(inferred: Tensor, latents: Tensor, mask: Tensor) -> Tensor:
    """Return the mean squared distance from the latents, which do not learn from it.

    Args:
        inferred: As in `distances`.
        latents: As in `distances`.
        mask: 1 where a prefix counts, [T + 1, B].

    Source: Liu et al. 2021, equation 4.
    """
    return (distances(inferred, latents.detach()) * mask).sum() / mask.sum()


def bottleneck_loss(latents: Tensor, radius: float) -> Tensor:
    """Return the mean squared size of the latents, but at least `radius` for each.

    With the noise that execution learns with, small latents tell little, and so only what it has a
    use for.

    Args:
        latents: Embedded problems, [B, L].
        radius: Squared size within which latents are free.

    Source: Liu et al. 2021, equation 3, as a Lagrangian; the free size is that of the code.
    """
    return latents.pow(2).sum(dim=-1).clamp(min=radius).mean()
