"""HyperX: VariBAD that is paid, in training, for exploring beliefs."""

from __future__ import annotations

from .presets import HYPERX
from .varibad import VariBAD


class HyperX(VariBAD):
    """HyperX (Zintgraf et al. 2021, arXiv 2010.01062): VariBAD with bonuses for new beliefs.

    Training pays for states and beliefs that are new (`novelty_coef`, by random network
    distillation of both together) and for steps that the decoders did not expect
    (`surprise_coef`), each in deviations of its discounted return; both weights fall to 0 over
    training. So it finds rewards that VariBAD never meets. `evaluate` and the logged returns see no
    bonus. The weights are arguments of `VariBAD` too, where they default to 0.

    Differences from the paper: those of `VariBAD`; surprise is the error in a step of the belief
    before it, of rewards alone unless `state_coef` decodes successors.

    Raises:
        ValueError: If an argument is out of range.
        TypeError: If cells are to be decoded but observations are not a grid.
    """

    presets = HYPERX

    novelty_coef = 1.0
    surprise_coef = 1.0
