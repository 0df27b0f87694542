"""What BMG and QBMG take alike."""

from __future__ import annotations

from ..core.base.arguments import Declared, argument, at_least


class ContextArguments(Declared):
    """Arguments of agents with a meta-parameter that is a function of their latest rewards."""

    context: int = argument(
        "Unrolls whose mean rewards the meta-parameter is a function of; 0 makes it one number.",
        at_least(0),
        default=10,
    )
    context_width: int = argument("Units of that function.", at_least(1), default=32)
    meta_eps: float = argument(
        "Added to the root in Adam's denominator for the meta-parameters, as Luketina et al. 2022 "
        "have it in table 3: meta-gradients far below it then move them little, while with a tiny "
        "one every update is as long as `meta_learning_rate`.",
        at_least(0),
        default=1e-4,
    )
