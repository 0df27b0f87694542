"""Locating errors in an author's own code, for complaints of the laws."""

from __future__ import annotations

import linecache
import os
from types import TracebackType

_CORE = __name__.rpartition(".")[0]


def is_own(module: str, author: str) -> bool:
    """Tell whether a module is in the package of a family's author and not in the core.

    Args:
        module: Name of the module.
        author: Name of the family's module.
    """
    if module == _CORE or module.startswith(f"{_CORE}."):
        return False
    return module.partition(".")[0] == author.partition(".")[0]


def own_traceback(raised: BaseException, author: str) -> TracebackType | None:
    """Return an error's traceback from the author's first line on; None if it has none."""
    trace = raised.__traceback__
    while trace is not None:
        if is_own(trace.tb_frame.f_globals.get("__name__", ""), author):
            return trace
        trace = trace.tb_next
    return None


def where(raised: BaseException, author: str) -> str | None:
    """Return the method, file and line of the author's code where an error was raised.

    Args:
        raised: The error.
        author: Name of the family's module.

    Returns:
        E.g. "step_rows (mypkg.py, line 12: `return observations / 0`)"; None where the author's
        code was not running.
    """
    last, trace = None, own_traceback(raised, author)
    while trace is not None:
        if is_own(trace.tb_frame.f_globals.get("__name__", ""), author):
            last = trace
        trace = trace.tb_next
    if last is None:
        return None
    code = last.tb_frame.f_code
    text = linecache.getline(code.co_filename, last.tb_lineno).strip()
    shown = f": `{text}`" if text else ""
    return f"{code.co_name} ({os.path.basename(code.co_filename)}, line {last.tb_lineno}{shown})"
