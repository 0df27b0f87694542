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
