"""`metazoo check`: the laws of a task distribution, for who writes one."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import tyro

from agents.cli import find
from agents.cli.values import EnvKwargs

_BROKEN = 1  # exit code


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
    from meta_envs.core.check import LawBroken

    find.distribution(id)
    try:
        meta_envs.check_task_distribution(id, verbose=True, **(env_kwargs or {}))
    except LawBroken as broken:
        if broken.__cause__ is not None:  # an error in the family's own code
            traceback.print_exception(broken.__cause__)
        print(f"metazoo: {broken}", file=sys.stderr)
        return _BROKEN
    print(f"{id} keeps every law")
    return 0
