"""Checking an agent against the laws that every agent keeps, for contributors."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from meta_envs.laws import errors as law_errors
from meta_envs.laws.case import LawBroken

from . import acting, training
from .case import Case
from .setting import Setting

Law = Callable[[Case], None]

ACTING: tuple[Law, ...] = (acting.law_actions, acting.law_rows, acting.law_tasks)
LEARNING: tuple[Law, ...] = (
    training.law_arguments,
    training.law_settings,
    *ACTING,
    acting.law_spaces,
    training.law_seeds,
    training.law_resume,
    training.law_callbacks,
    training.law_finite,
)


def check_agent(
    agent: type | str,
    env: str | None = None,
    verbose: bool = False,
    *,
    env_kwargs: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> None:
    """Check that an agent's class keeps every law of agents.

    Learners that only act (classes with `inner_loop` that are not algorithms) are checked against
    the laws of acting.

    Args:
        agent: The class, or its name as `"module:Name"`.
        env: An id on which to train it for a few steps; None tries small ones.
        verbose: Whether to print a line for each law.
        env_kwargs: Keyword arguments for the id.
        **arguments: Constructor arguments; they override small values chosen for speed.

    Raises:
        LawBroken: If it breaks a law; says which, what was seen, where, and what to do.
        TypeError: If it is not a class with an `inner_loop`.
    """
    if isinstance(agent, str):
        module, _, name = agent.partition(":")
        agent = getattr(importlib.import_module(module), name)
    if not isinstance(agent, type) or not callable(getattr(agent, "inner_loop", None)):
        raise TypeError(f"{agent!r} is not an agent: give a class that has inner_loop(venv, ...)")
    setting = Setting(agent, env, env_kwargs, arguments)
    if verbose:
        print(f"on {setting.id} {setting.env_kwargs or ''}, made with {setting.arguments}")
    for law in laws_of(setting):
        began = time.perf_counter()
        try:
            check_law(law, setting)
        except LawBroken:
            if verbose:
                print(f"{law_name(law):<14} BROKEN", flush=True)
            raise
        if verbose:
            said = (law.__doc__ or "").partition("\n")[0]
            print(f"{law_name(law):<14} {time.perf_counter() - began:5.2f} s  {said}", flush=True)


def laws_of(setting: Setting) -> tuple[Law, ...]:
    """Return the laws that apply: all for an algorithm, those of acting for what only acts."""
    return LEARNING if setting.learns else ACTING


def check_law(law: Law, setting: Setting) -> None:
    """Check one law on one agent.

    Raises:
        LawBroken: If the agent breaks it, or raises an error on the way.
    """
    case = Case(setting, law_name(law))
    try:
        law(case)
    except LawBroken:
        raise
    except Exception as raised:
        at = law_errors.where(raised, setting.cls.__module__)
        do = "The traceback above shows where" if at is None else "Mend what is raised there"
        raise case.broken(f"{type(raised).__name__} was raised: {raised}", do, at) from raised


def law_name(law: Law) -> str:
    """Return the name of a law in error messages, e.g. `"resume"`."""
    return law.__name__.removeprefix("law_").replace("_", " ")
