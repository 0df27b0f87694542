"""The family around MAML: each is MAML with the arguments of its paper."""

from __future__ import annotations

from typing import Any

from . import presets
from .maml import MAML


class FOMAML(MAML):
    """FOMAML (Finn et al. 2017, section 5.2): MAML without second derivatives.

    The outer gradient is the policy gradient at the adapted parameters, applied to the initial
    ones. It gives no credit to what the initial policy explores.
    """

    presets = presets.FOMAML

    first_order = True


class EMAML(MAML):
    """E-MAML (Stadie et al. 2018, arXiv 1803.01118): MAML that also credits its exploration.

    Actions before the adaptation become likelier in tasks in which the adapted policy earns more
    than in others (`exploration_coef`), as in ProMP's release; TRPO and MAML's inner loss.

    Differences from the paper: with several inner steps, only the first one's actions are credited,
    as in that release.
    """

    presets = presets.EMAML

    exploration_coef = 1.0
    policy_kwargs = {"net_arch": (64, 64)}


class ProMP(MAML):
    """ProMP (Rothfuss et al. 2018, arXiv 1810.06784): PPO through low-variance inner gradients.

    Ratios inside the inner step carry the credit for pre-update sampling (`estimator="lvc"`); five
    clipped outer steps use the same data, each adapting again, with a penalty on the change of the
    policies before adaptation (equations 12-13, algorithm 1).
    """

    presets = presets.PROMP

    estimator = "lvc"
    outer = "ppo"
    inner_kl_coef = 0.0005
    policy_kwargs = {"net_arch": (64, 64)}


class MetaSGD(MAML):
    """Meta-SGD (Li et al. 2017, arXiv 1707.09835): learns a rate for every parameter beside it.

    One inner step with a learnt rate for each parameter, which may become negative; one Adam step
    on both. More steps than in training may diverge and cause a warning.

    Differences from the paper: all rates begin equal (`inner_lr`) instead of random.
    """

    presets = presets.METASGD

    outer = "ppo"
    n_epochs = 1
    learn_inner_lr = True
    inner_lr_shape = "parameter"


class Reptile(MAML):
    """Reptile (Nichol et al. 2018, arXiv 1803.02999): moves towards the adapted parameters.

    No derivative of the inner steps is taken. Its authors report no success in reinforcement
    learning; it is here as an honest baseline.

    Differences from the paper: the inner optimiser is plain gradient descent, and each of its steps
    plays new episodes.
    """

    presets = presets.REPTILE

    outer = "reptile"
    inner_steps = 5
    learning_rate: Any = ("linear", 1.0, 0.0)
