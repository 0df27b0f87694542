"""From ids on the command line to what they stand for."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ..core.saving.allowed import check_named
from . import trust
from .baselines import UsageError


def distribution(id: str, typed: bool = True) -> Any:
    """Return the card of an id that was typed, importing the package that it names.

    Args:
        id: E.g. `mypkg:mine/X-v0`.
        typed: The user typed it, so its package is trusted from now on; one that stands in a file
            goes through `named_by_a_file`.

    Raises:
        UsageError: The package cannot be imported, or the id has no task API.
        gymnasium.error.NameNotFound: There is no such id; names the nearest.
    """
    import gymnasium as gym

    import meta_envs

    package, colon, name = id.rpartition(":")
    if colon:
        import_package(package, id)
        if typed:
            trust.remember(package)
    try:
        return meta_envs.card(name)
    except gym.error.NameNotFound:
        if name in gym.registry:
            raise UsageError(
                f"{name} has no task API; `metazoo list` shows the task distributions, and "
                "meta_envs.register makes your own"
            ) from None
        raise


def known(id: str, typed: bool = True) -> None:
    """Refuse an id that nobody registered, importing the package that it names.

    Args:
        id: A task distribution, or any other id of Gymnasium's.
        typed: As in `distribution`.

    Raises:
        UsageError: The package cannot be imported.
        gymnasium.error.NameNotFound: There is no such id; names the nearest.
    """
    import gymnasium as gym

    import meta_envs

    package, colon, name = id.rpartition(":")
    if colon:
        import_package(package, id)
        if typed:
            trust.remember(package)
    if name not in gym.registry:
        meta_envs.card(name)  # says what is near


def playable(id: str, player: Any) -> None:
    """Refuse an id without a task API for those who need one.

    Args:
        id: A known one.
        player: An agent, its class, or a baseline.

    Raises:
        UsageError: The player learns from many tasks, and these are none.
    """
    from ..core.base.algorithm import MetaAlgorithm

    made = player if isinstance(player, type) else type(player)
    if issubclass(made, MetaAlgorithm) and not getattr(made, "any_id", False):
        distribution(id)


def in_order(agent: str, id: str | None) -> tuple[str, str | None]:
    """Return an agent and an id in this order, however they were typed.

    Raises:
        UsageError: There is an id alone.
    """
    import gymnasium as gym

    import meta_envs  # noqa: F401  registers ids

    def is_id(text: str | None) -> bool:
        return text is not None and text.rpartition(":")[2] in gym.registry

    if not is_id(agent) or is_id(id):
        return agent, id
    if id is None:
        raise UsageError(f"{agent} is an id; name an agent before it, e.g. random {agent}")
    return id, agent


def named_by_a_file(id: str, place: str | os.PathLike) -> None:
    """Refuse an id that stands in a file, whose package may be imported or not.

    Raises:
        ModuleRefusedError: The package was neither typed nor allowed.
        UsageError: The package cannot be imported.
        gymnasium.error.NameNotFound: There is no such id; names the nearest.
    """
    check_named(id, f"{place}: env_id", trust.allowed_of(id))
    known(id, typed=False)


def import_package(package: str, name: str) -> None:
    """Import the package that a name on the command line begins with.

    Args:
        package: The package.
        name: The whole name, for the message.

    Raises:
        UsageError: It cannot be imported.
    """
    trust.search_this_folder()
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as missing:
        if missing.name is not None and not f"{package}.".startswith(f"{missing.name}."):
            raise
        raise UsageError(
            f"{name} asks for the package {package!r}, which cannot be imported from here; install "
            "it, or start metazoo in its folder"
        ) from missing
