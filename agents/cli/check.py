"""`metazoo check`: the laws of a task distribution, for its author."""

from __future__ import annotations

import sys
import textwrap
import traceback
from typing import TYPE_CHECKING, Annotated

import tyro

from . import find
from .values import EnvKwargs

if TYPE_CHECKING:
    from meta_envs.laws.case import LawBroken

_BROKEN = 1  # exit code
_WIDTH = 100  # columns of the report


def check(
    id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ID")],
    env_kwargs: EnvKwargs = None,
) -> int:
    """Check the laws that every task distribution keeps; say which one broke, and where.

    The exit code is 1 where one did.

    For example:
      metazoo check meta/BernoulliBandit-v0
      metazoo check mypkg:mine/X-v0 --env-kwargs size=5

    Args:
        id: Task distribution; mypkg:mine/X-v0 imports mypkg first.
        env_kwargs: Arguments of the task distribution.
    """
    import meta_envs
    from meta_envs.laws.check import LawBroken

    card = find.distribution(id)
    try:
        meta_envs.check_task_distribution(id, verbose=True, **(env_kwargs or {}))
    except LawBroken as broken:
        sys.stdout.flush()  # the report comes after the laws that hold
        print(_report(broken, card.family), file=sys.stderr)
        return _BROKEN
    print(f"{id} keeps every law")
    return 0


def _report(broken: LawBroken, family: str) -> str:
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
        lines.append(_own_lines(broken.__cause__, family))
    return "\n".join(lines)


def _own_lines(raised: BaseException, family: str) -> str:
    """Write a traceback from the author's first line on; the whole one if they have no line."""
    from meta_envs.laws import errors as law_errors

    own = law_errors.own_traceback(raised, family.partition(":")[0])
    written = traceback.format_exception(type(raised), raised, own or raised.__traceback__)
    return "".join(written).rstrip()
