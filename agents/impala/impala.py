"""IMPALA: an actor-critic whose actors may act with older parameters than the learner's."""

from __future__ import annotations

from ..core.base.curious_lifetime import CuriousLifetime
from .arguments import ImpalaArguments
from .presets import PRESETS
from .rule import ImpalaRule


class IMPALA(ImpalaArguments, CuriousLifetime):
    """Importance-weighted actor-learner (Espeholt et al. 2018, arXiv 1802.01561), of one lifetime.

    `policy="CnnPolicy"` is the paper's shallow network for frames, `policy_kwargs={"torso":
    "deep_cnn"}` its deep one, and `{"memory": "lstm"}` adds its memory. `learn` takes any Gymnasium
    id. The defaults are the paper's for Atari, but for reward clipping: see the preset `"atari"`.

    Differences from the paper: no processes. Rows step together, and `lag=k` acts with the
    parameters of k updates ago, so that runs can be repeated and resumed bit for bit. The memory
    does not see the last action and reward. `gae_lambda` (1 in the paper) also enters the
    advantages, as in DeepMind's rlax.

    Raises:
        ValueError: If an argument is out of range, or a schedule of the learning rate has no
            length.
    """

    any_device = True

    presets = PRESETS

    def _make_rule(self) -> ImpalaRule:
        return self._impala_rule()
