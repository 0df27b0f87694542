"""The API reference: what autodoc is to show, from the public names."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import agents
import meta_envs

from .agent_pages import listed


def page() -> str:
    """Return the page of the reference."""
    own = [name for name in listed() if not isinstance(getattr(agents, name), ModuleType)]
    spaces = [name for name in meta_envs.__all__ if name != "wrappers"]
    parts = [
        "# API reference",
        "What is public: these names, and the agents, which have [pages of their own](/agents). "
        "Whatever else can be imported may change.",
        "## meta_envs",
        *(_block("meta_envs", meta_envs, name) for name in sorted(spaces, key=str.lower)),
        "## meta_envs.wrappers",
        *(_block("meta_envs.wrappers", meta_envs.wrappers, name) for name in _names("wrappers")),
        "## agents",
        *(_block("agents", agents, name) for name in own),
        "## What every agent has",
        _rst(
            "autoclass",
            "agents.core.base.iterations.IterativeAlgorithm",
            ":members: learn, predict, evaluate, inner_loop, save, load, set_env, get_parameters, "
            "set_parameters",
            ":inherited-members: BaseAlgorithm",
        ),
        "## agents.baselines",
        *(_block("agents.baselines", agents.baselines, one) for one in agents.baselines.__all__),
        "## agents.losses",
        _rst("automodule", agents.losses.__name__, ":members:"),
    ]
    return "\n\n".join(parts)


def _names(module: str) -> list[str]:
    return sorted(getattr(meta_envs, module).__all__, key=str.lower)


def _block(module: str, holder: Any, name: str) -> str:
    made = getattr(holder, name)
    if inspect.isclass(made):
        return _rst("autoclass", f"{module}.{name}", ":members:", ":show-inheritance:")
    return _rst("autofunction", f"{module}.{name}")


def _rst(directive: str, target: str, *options: str) -> str:
    told = "".join(f"\n   {one}" for one in options)
    return f"```{{eval-rst}}\n.. {directive}:: {target}{told}\n```"
