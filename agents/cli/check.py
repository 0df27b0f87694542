"""`metazoo check`: the laws of a task distribution, for who writes one."""

from __future__ import annotations

from typing import Annotated

import tyro

from agents.cli import find


def check(id: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ID")]) -> int:
    """Check the laws that every task distribution keeps; say which one broke, and where.

    The exit code is 1 where one did.

    For example:
      metazoo check meta/BernoulliBandit-v0
      metazoo check mypkg:mine/X-v0

    Args:
        id: Task distribution; mypkg:mine/X-v0 imports mypkg first.
    """
    import meta_envs

    find.distribution(id)
    meta_envs.check_task_distribution(id, verbose=True)
    return 0
