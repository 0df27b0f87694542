"""Constructor arguments of algorithms that learn a task by gradient steps."""

from __future__ import annotations

from ..learning.adaptation import SHAPES
from .arguments import Declared, above, argument, at_least, one_of
from .search import Between


class InnerStepArguments(Declared):
    """Arguments of agents that learn a task by gradient steps."""

    first_order: bool = argument(
        "Treat inner gradients as constants: no second derivatives (FOMAML).", default=False
    )
    inner_steps: int = argument(
        "Gradient steps in each task during training.", at_least(0), default=1
    )
    inner_lr: float = argument(
        "Rate of the inner steps; where it is learnt, its initial value.",
        default=0.1,
        search=Between(0.01, 1.0, log=True),
    )
    inner_lr_per_step: bool = argument("Give each inner step rates of its own.", default=False)
    learn_inner_lr: bool = argument("Train the rates together with the parameters.", default=False)
    inner_lr_shape: str = argument(
        'One rate for all parameters (`"scalar"`), for each tensor (`"tensor"`) or for each '
        'parameter (`"parameter"`).',
        one_of(*SHAPES),
        default="scalar",
    )


class InnerClipArguments(Declared):
    """The argument of agents that clip the gradients of inner steps."""

    inner_grad_clip: float | None = argument(
        "Every number of the inner gradients is clipped to plus and minus this; None: not.",
        above(0),
        default=None,
    )


class OuterStepArguments(Declared):
    """Arguments of agents whose outer steps draw batches of tasks from what is given."""

    n_tasks: int = argument("Tasks of an outer step.", at_least(1), default=16)
    n_batches: int = argument(
        "Outer steps of an iteration (of the log, and of a checkpoint).", at_least(1), default=100
    )
