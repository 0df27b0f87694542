"""Checking a task distribution against the laws of the task API, for contributors."""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..core.registration import card, load_family
from . import (
    border as laws_border,
)
from . import (
    changes as laws_changes,
)
from . import (
    drawing as laws_drawing,
)
from . import (
    errors as law_errors,
)
from . import (
    laws,
)
from . import (
    leak as laws_leak,
)
from . import (
    methods as laws_methods,
)
from . import (
    returns as laws_returns,
)
from . import (
    tasks as laws_tasks,
)
from . import (
    trials as laws_trials,
)
from .case import Case, LawBroken

Law = Callable[[Case], None]

LAWS: tuple[Law, ...] = (
    laws_methods.law_methods,  # the methods are checked before play
    laws_methods.law_draws,
    laws_returns.law_returns,
    laws_returns.law_infos,
    laws_returns.law_endings,
    laws.law_determinism,
    laws.law_replay,
    laws.law_rows,
    laws_leak.law_leak,
    laws.law_sampling,
    laws_tasks.law_splits,
    laws_tasks.law_json,
    laws_tasks.law_bad_tasks,
    laws_changes.law_changes,
    laws_changes.law_mutation,
    laws_changes.law_bank,
    laws_trials.law_pinning,
    laws_trials.law_trials,
    laws_trials.law_vector_trials,
    laws_border.law_reports,
    laws_border.law_ends,
    laws_border.law_actions,
    laws_border.law_bad_arguments,
    laws_border.law_gymnasium,
    laws_drawing.law_rendering,
)


def check_task_distribution(id: str, verbose: bool = False, **env_kwargs: Any) -> tuple[str, ...]:
    """Check that an id keeps every law of the task API.

    Args:
        id: Id of a registered task distribution; `"package:mine/X-v0"` imports the package first.
        verbose: Whether to print one line per law, and the advice.
        **env_kwargs: Keyword arguments to make it with.

    Returns:
        Advice: things the author may want to change although they break no law.

    Raises:
        LawBroken: If it breaks one; says which, for which task and seed, what was seen, what to do.
        gymnasium.error.NameNotFound: If there is no such id.
    """
    module, _, name = id.rpartition(":")
    if module:
        importlib.import_module(module)
    with contextlib.suppress(AttributeError, TypeError):  # the first law explains these
        load_family(card(name).family)
    advice: list[str] = []
    for law in LAWS:
        began = time.perf_counter()
        try:
            advice += check_law(law, name, **env_kwargs)
        except LawBroken:
            if verbose:
                print(f"{law_name(law):<14} BROKEN", flush=True)
            raise
        if verbose:
            said = (law.__doc__ or "").partition("\n")[0]
            print(f"{law_name(law):<14} {time.perf_counter() - began:5.2f} s  {said}", flush=True)
    if verbose:
        for text in advice:
            print(f"advice: {text}", flush=True)
    return tuple(advice)


def check_law(law: Law, id: str, **env_kwargs: Any) -> tuple[str, ...]:
    """Check one law on one id.

    Args:
        law: One of `LAWS`.
        id: Id of a registered task distribution.
        **env_kwargs: Keyword arguments to make it with.

    Returns:
        Advice: things the author may want to change although they break no law.

    Raises:
        LawBroken: If the id breaks it, or raises an error on the way.
    """
    case = Case(id, law_name(law), env_kwargs)
    if (why := unkept_laws(id, **env_kwargs).get(case.law)) is not None:
        return (f"the {case.law} law was not checked, since it cannot hold: {why}",)
    try:
        law(case)
    except LawBroken:
        raise
    except Exception as raised:
        at = law_errors.where(raised, card(id).family.partition(":")[0])
        do = "The traceback above shows where" if at is None else "Mend what is raised there"
        raise case.broken(f"{type(raised).__name__} was raised: {raised}", do, at) from raised
    return tuple(case.advice)


def unkept_laws(id: str, **env_kwargs: Any) -> Mapping[str, str]:
    """Return the laws that an id declares it cannot keep, by name, and why."""
    with contextlib.suppress(Exception):  # what is wrong with the family is for the laws to say
        if load_family(card(id).family).unkept_laws:
            return Case(id, "unkept", env_kwargs).make_vec(1).unkept_laws
    return {}


def law_name(law: Law) -> str:
    """Return the name a law is called by in complaints, e.g. `"replay"`."""
    return law.__name__.removeprefix("law_").replace("_", " ")
