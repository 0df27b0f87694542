"""The sequence cores by name, and how to make any of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from meta_envs.core.names import look_up

from .mann import Mann
from .min_gru import MinGRU
from .sequence import GRU, LSTM, SequenceCore
from .snail import Snail
from .transformer import Transformer

Core = str | Callable[..., SequenceCore]
CORES: dict[str, type[SequenceCore]] = {
    "gru": GRU,
    "lstm": LSTM,
    "snail": Snail,
    "transformer": Transformer,
    "min_gru": MinGRU,
    "mann": Mann,
}


def make_core(
    core: Core,
    input_size: int,
    offered: Mapping[str, Any],
    given: Mapping[str, Any],
) -> SequenceCore:
    """Make a core.

    Args:
        core: A name of `CORES`, `"module:Name"`, or a class; called with the input size and its own
            keyword arguments.
        input_size: I.
        offered: Keyword arguments for cores that take them, e.g. `hidden_size`; where one is None,
            the core's own default stands.
        given: Keyword arguments for this core; they override the offered ones.

    Raises:
        TypeError: If it does not make a `SequenceCore`, or does not take what is given.
        ValueError: If the name is unknown.
    """
    made = _found(core)
    parameters = inspect.signature(made).parameters
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    names = list(parameters)[1:]
    for name in given:
        if name not in names and not takes_all:
            near = get_close_matches(name, names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise TypeError(f"core_kwargs has {name!r}{hint}; core={core!r} takes {names}")
    kwargs = {name: value for name, value in offered.items() if name in names and value is not None}
    result = made(input_size, **{**kwargs, **given})
    if not isinstance(result, SequenceCore):
        raise TypeError(
            f"core={core!r} made a {type(result).__name__}; subclass "
            "agents.core.nets.sequence.SequenceCore"
        )
    return result


def looks_back(core: Core) -> bool:
    """Tell whether a core sees a given number of steps, its `context`.

    Args:
        core: As in `make_core`.

    Raises:
        ValueError: If the name is unknown.
    """
    return "context" in inspect.signature(_found(core)).parameters


def _found(core: Core) -> Callable[..., SequenceCore]:
    if not isinstance(core, str):
        return core
    return look_up("core", core, CORES, _is_core, "a SequenceCore class")


def _is_core(found: Any) -> bool:
    return callable(found)
