"""`metazoo check`: the laws of a task distribution or of an agent, for its author."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import traceback
from typing import TYPE_CHECKING, Annotated

import tyro

import meta_envs
from meta_envs.core.names import names_module

from .. import ALGORITHMS
from . import find, ids
from .values import EnvKwargs, unless

if TYPE_CHECKING:
    from meta_envs.laws.case import LawBroken

_BROKEN = 1  # exit code
_WIDTH = 100  # columns of the report


def check(
    what: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ID|AGENT")],
    on: Annotated[str | None, tyro.conf.Positional, unless("small ones", "[ID]")] = None,
    env_kwargs: EnvKwargs = None,
    arguments: EnvKwargs = None,
) -> int:
    """Check the laws that every task distribution, or agent, keeps; say which broke, and where.

    The exit code is 1 where one did.

    For example:
      metazoo check meta/BernoulliBandit-v0
      metazoo check mypkg:mine/X-v0 --env-kwargs size=5
      metazoo check my_agents:Reinforce
      metazoo check my_agents:Reinforce mypkg:mine/X-v0 --arguments n_envs=8

    Args:
        what: A task distribution (mypkg:mine/X-v0 imports mypkg first), or an agent: an algorithm's
            name, or module:Name of a class.
        on: What an agent is trained on, in a few steps.
        env_kwargs: Arguments of the task distribution.
        arguments: Arguments of the agent.
    """
    from meta_envs.laws.case import LawBroken

    cls = _agent_class(what)
    if cls is None and (on is not None or arguments is not None):
        raise find.UsageError(
            f"{what} is an id, not an agent: leave out {'ID' if on else '--arguments'}"
        )
    author = ids.distribution(what).family if cls is None else cls.__module__
    try:
        if cls is None:
            meta_envs.check_task_distribution(what, verbose=True, **(env_kwargs or {}))
        else:
            _check_agent(cls, on, env_kwargs, arguments)
    except LawBroken as broken:
        sys.stdout.flush()  # the report comes after the laws that hold
        print(_report(broken, author), file=sys.stderr)
        return _BROKEN
    print(f"{what} keeps every law")
    return 0


def _agent_class(what: str) -> type | None:
    """Return the agent's class that a text names; None where it names an id."""
    if what.lower() in ALGORITHMS:
        return find.algorithm(what)
    if not names_module(what):
        return None
    with contextlib.suppress(find.UsageError):
        return find.class_named(what)
    module, _, name = what.partition(":")
    if module in sys.modules and name not in meta_envs.list_distributions():
        return find.class_named(what)  # says what there is
    return None


def _check_agent(
    cls: type, on: str | None, env_kwargs: dict | None, arguments: dict | None
) -> None:
    from ..laws.check import check_agent

    if on is not None:
        ids.distribution(on)
    elif env_kwargs:
        raise find.UsageError("--env-kwargs are of an id: name one behind the agent")
    check_agent(cls, on, verbose=True, env_kwargs=env_kwargs, **(arguments or {}))


def _report(broken: LawBroken, author: str) -> str:
    """Write what broke, how it showed, what to do, and the author's lines that raised an error."""
    lines = [f"metazoo: {broken.broken}"]
    told = [("seen", broken.seen), ("where", broken.at), ("do", broken.do)]
    for what, text in told:
        if text is not None:
            head = f"  {what + ':':<7}"
            lines.append(
                textwrap.fill(text, _WIDTH, initial_indent=head, subsequent_indent=" " * 9)
            )
    if broken.__cause__ is not None:
        lines.append(_own_lines(broken.__cause__, author))
    return "\n".join(lines)


def _own_lines(raised: BaseException, author: str) -> str:
    """Write a traceback from the author's first line on; the whole one if they have no line."""
    from meta_envs.laws import errors as law_errors

    own = law_errors.own_traceback(raised, author.partition(":")[0])
    written = traceback.format_exception(type(raised), raised, own or raised.__traceback__)
    return "".join(written).rstrip()
