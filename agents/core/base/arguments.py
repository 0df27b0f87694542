"""Constructor arguments, declared once.

An algorithm declares an argument in its class body, with its type, help text and default:

    class RL2(TrialAlgorithm):
        clip_range: Schedule = argument("PPO's clip.", default=0.2)
        n_envs = 128  # another default for an argument that a base declares

This yields the constructor and how type checkers see it, `help` and `inspect.signature`, the flags
and help of the command line, and what a checkpoint stores. Groups of arguments that several
algorithms share are separate classes, inherited alongside a base.
"""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from typing_extensions import dataclass_transform

from .kinds import of_kind, refuse_unknown
from .search import Search

Check = Callable[[str, Any], None]  # takes name and value; raises ValueError
_NONE: Any = inspect.Parameter.empty


@dataclasses.dataclass(frozen=True)
class Argument:
    """What is known about one constructor argument.

    Attributes:
        name: Its name.
        help: Its help text.
        default: Its default; `inspect.Parameter.empty` if it must be given.
        kw_only: Whether it is keyword-only.
        remembered: Whether it defines the agent and is therefore kept in checkpoints.
        checks: Checks that a value must pass.
        type: Its annotation as a type; Any if that cannot be resolved.
        first: Whether it stands before those that bases declare.
        search: What `metazoo tune` tries; None leaves it alone.
    """

    help: str
    default: Any = _NONE
    kw_only: bool = True
    remembered: bool = True
    checks: tuple[Check, ...] = ()
    name: str = ""
    type: Any = None
    first: bool = False
    search: Search | None = None

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is _NONE

    def check(self, value: Any) -> None:
        """Refuse a value.

        Raises:
            ValueError: Naming the argument, the value and what is allowed.
        """
        for one in self.checks:
            one(self.name, value)


def argument(
    help: str,
    *checks: Check,
    default: Any = _NONE,
    kw_only: bool = True,
    remembered: bool = True,
    type: Any = None,
    first: bool = False,
    search: Search | None = None,
) -> Any:
    """Declare an argument in a class body, assigned to its annotated name.

    Args:
        help: Its help text, for `help`, documentation and the command line.
        *checks: Functions of (name, value) that raise ValueError, e.g. `at_least(1)`.
        default: Its default; without one the argument is required.
        kw_only: Whether it is keyword-only.
        remembered: Whether checkpoints keep it.
        type: What it accepts, if the annotation cannot say so because the attribute of that name
            has another type; None takes the annotation.
        first: Whether it stands before the arguments that bases declare.
        search: What a search for good values may try, e.g. `Between(1e-4, 1e-2, log=True)`.
    """
    return Argument(
        help, default, kw_only, remembered, checks, type=type, first=first, search=search
    )


@dataclass_transform(kw_only_default=True, field_specifiers=(argument,))
class Declared:
    """A class whose constructor takes the arguments declared by it and its bases.

    One of the bases defines `__init__(self, *args, **kwargs)` and reads them with `bind`.
    """

    arguments: ClassVar[Mapping[str, Argument]] = {}
    searched: ClassVar[Mapping[str, Search]] = {}  # of arguments that a base declares
    _own_arguments: ClassVar[dict[str, Argument]] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Collect the arguments, and show them in the signature and the docstring."""
        super().__init_subclass__(**keywords)
        cls._own_arguments = _declared(cls)
        cls.arguments = _collected(cls)
        for name in cls._own_arguments:
            one = cls.arguments[name]
            if one.required:
                delattr(cls, name)
            else:
                setattr(cls, name, one.default)
        cls.__signature__ = _signature(cls.arguments)  # type: ignore[attr-defined]
        cls.__doc__ = _documented(cls.__doc__, cls.arguments)


def bind(cls: type[Declared], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments given in a constructor call, by name, without defaults.

    Args:
        cls: The class that is called.
        args: Positional arguments.
        kwargs: Keyword arguments.

    Raises:
        TypeError: An argument is unknown (suggests the nearest name), given twice, or missing.
        ValueError: A value is not the whole number, number or flag that it must be.
    """
    takes = cls.arguments
    refuse_unknown(f"{cls.__name__}.__init__", kwargs, takes)
    try:
        given = _signature(takes).bind(*args, **kwargs).arguments
    except TypeError as wrong:
        raise TypeError(f"{cls.__name__}.__init__(): {wrong}") from None
    return {name: of_kind(name, value, takes[name].type) for name, value in given.items()}


def at_least(least: float) -> Check:
    """Return a check for numbers of at least `least`; None passes if it is the default."""

    def check(name: str, value: Any) -> None:
        if value is not None and value < least:
            raise ValueError(f"{name}={value} must be at least {least}")

    return check


def above(bound: float) -> Check:
    """Return a check for numbers above `bound`; None passes if it is the default."""

    def check(name: str, value: Any) -> None:
        if value is not None and value <= bound:
            raise ValueError(f"{name}={value} must be above {bound}")

    return check


def within(low: float, high: float) -> Check:
    """Return a check for numbers in [low, high]."""

    def check(name: str, value: Any) -> None:
        if not low <= value <= high:
            raise ValueError(f"{name}={value} is outside [{low:g}, {high:g}]")

    return check


def one_of(*allowed: Any) -> Check:
    """Return a check that a value is one of `allowed`."""

    def check(name: str, value: Any) -> None:
        if value not in allowed:
            raise ValueError(f"{name}={value!r} is unknown; allowed are {list(allowed)}")

    return check


def _declared(cls: type) -> dict[str, Argument]:
    """Return the arguments that a class itself declares, with their types."""
    own = {name: one for name, one in vars(cls).items() if isinstance(one, Argument)}
    try:
        hints = typing.get_type_hints(cls, include_extras=True) if own else {}
    except NameError:  # a type that only type checkers import
        hints = {}
    return {
        name: dataclasses.replace(one, name=name, type=one.type or hints.get(name, Any))
        for name, one in own.items()
    }


def _collected(cls: type) -> dict[str, Argument]:
    """Return all arguments of a class, with its own defaults; those of bases come first."""
    found: dict[str, Argument] = {}
    for base in reversed(cls.__mro__):
        own = vars(base).get("_own_arguments", {})
        found.update(own)
        for name in found.keys() & vars(base).keys() - own.keys():
            found[name] = dataclasses.replace(found[name], default=vars(base)[name])
    return dict(sorted(found.items(), key=_place))  # a stable sort


def _place(item: tuple[str, Argument]) -> tuple[bool, bool]:
    return item[1].kw_only, not item[1].first


def _signature(arguments: Mapping[str, Argument]) -> inspect.Signature:
    kinds = {True: inspect.Parameter.KEYWORD_ONLY, False: inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return inspect.Signature(
        [
            inspect.Parameter(name, kinds[one.kw_only], default=one.default, annotation=one.type)
            for name, one in arguments.items()
        ]
    )


def _documented(docstring: str | None, arguments: Mapping[str, Argument]) -> str | None:
    """Return a docstring with the section `Args`, before `Raises` if there is one."""
    if docstring is None or not arguments:
        return docstring
    entries = [
        textwrap.fill(f"{name}: {one.help}", 96, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for name, one in arguments.items()
    ]
    section = "\n".join(["Args:", *entries])
    about, raises, rest = inspect.cleandoc(docstring).partition("\nRaises:\n")
    return "\n\n".join(part for part in (about.rstrip(), section, raises[1:] + rest) if part)
