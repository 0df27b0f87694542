"""One agent under one law, and its error messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from meta_envs.laws.case import LawBroken

from .setting import Setting


class Case:
    """One agent under one law.

    Args:
        setting: The agent's class and constructor arguments.
        law: Name of the law.
    """

    def __init__(self, setting: Setting, law: str):
        self.setting = setting
        self.law = law

    def require(self, holds: Any, seen: str, do: str) -> None:
        """Raise unless a condition holds.

        Args:
            holds: Whether the condition holds.
            seen: What was seen instead.
            do: What the author of the agent can do.

        Raises:
            LawBroken: If it does not hold.
        """
        if not holds:
            raise self.broken(seen, do)

    def broken(self, seen: str, do: str, at: str | None = None) -> LawBroken:
        """Return the error to raise; `at` is where the author's code failed."""
        setting = self.setting
        kwargs = f" {setting.env_kwargs}" if setting.env_kwargs else ""
        broken = f"{setting.name} breaks the {self.law} law on {setting.id}{kwargs}"
        return LawBroken(broken, seen, do, at)

    def refuses(
        self,
        act: Callable[[], Any],
        what: str,
        words: Sequence[str],
        do: str,
        *errors: type[Exception],
    ) -> None:
        """Raise unless a call raises one of `errors` with one of `words` in its message."""
        try:
            act()
        except errors as raised:
            said = str(raised).lower()
            self.require(
                any(word in said for word in words),
                f"{what} raised {raised!r}, which says nothing of {' or '.join(words)}",
                "Say what was given, what is allowed and what to do",
            )
            return
        except Exception as raised:
            raise self.broken(f"{what} raised {raised!r}", do) from raised
        raise self.broken(f"{what} was accepted", do)
