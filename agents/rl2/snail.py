"""SNAIL: RL2 with convolutions and attention as its memory."""

from __future__ import annotations

from ..core.nets.recurrent_policy import SnailPolicy
from .rl2 import RL2
from .snail_presets import PRESETS


class SNAIL(RL2):
    """SNAIL (Mishra et al. 2017, arXiv 1707.03141): RL2 whose memory is read by attention.

    Causal convolutions over the trial and a head of attention take the place of the recurrent
    network; objective and inputs are RL2's. The paper's sizes are the defaults: a layer of 32, two
    blocks of convolutions with 32 filters that reach over a trial, keys and values of 32
    (`policy_kwargs={"embedding_sizes": (32,), "core_kwargs": {"filters": 32, ...}}`). They see as
    many steps as a trial has; give `context` where that is unknown.

    Differences from the paper: PPO instead of TRPO (`outer="trpo"` with `baseline="linear"` is the
    paper's), and rewards are divided by the running deviation of the discounted return, as in RL2.

    Raises:
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"SnailPolicy": SnailPolicy, **RL2.policy_aliases}
    presets = PRESETS
    paper_policy = {
        "embedding_sizes": (32,),
        "core_kwargs": {"filters": 32, "n_blocks": 2, "key_size": 32, "value_size": 32},
    }
