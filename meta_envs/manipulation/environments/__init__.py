"""Meta-World's environments, batched: `NATIVE` lists them by name."""

from __future__ import annotations

import importlib
import pkgutil

from .base import Environment

NATIVE: dict[str, Environment] = {
    one.name: one
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__))
    if module != "base"
    for one in importlib.import_module(f"{__name__}.{module}").ENVIRONMENTS
}
