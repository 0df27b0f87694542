"""Flags made from the arguments that an algorithm declares."""

from __future__ import annotations

import collections.abc
import dataclasses
import itertools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import tyro

from ..core.base.shown import short
from .values import literal, pairs, pairs_spec, spec, whole_number

_SCHEDULE, _SCHEDULE_FLAG = '("linear", start, end)', "linear:START:END"  # in code, as a flag
# Given by the command itself.
_NOT_FLAGS = ("env", "verbose", "tensorboard_log")
_NOTHING: Mapping[str, Any] = {}


@dataclasses.dataclass(frozen=True)
class NotGiven:
    """Stands for a flag that was not given, and shows the default that the constructor has."""

    default: Any

    def __str__(self) -> str:
        """Return the default as help texts show it."""
        return "none" if self.default is None else str(self.default)


def arguments_class(
    cls: Any,
    not_flags: tuple[str, ...] = _NOT_FLAGS,
    preset: Mapping[str, Any] = _NOTHING,
) -> type:
    """Return a dataclass with a field for every constructor argument of an algorithm.

    A field's default is `NotGiven`: what was not given stays out of the constructor's call, so that
    presets apply.

    Args:
        cls: The algorithm.
        not_flags: Arguments to leave out.
        preset: What the preset in force sets, for the help text.
    """
    fields: list[Any] = []
    for name, one in cls.arguments.items():
        if name in not_flags:
            continue
        default = default_policy(cls) if name == "policy" else None if one.required else one.default
        hint = f"default: {short(default)}"
        if name in preset:
            hint = f"preset: {short(preset[name])}; {hint}"
        shown = tyro.conf.arg(
            help=one.help.replace("`", "").replace(_SCHEDULE, _SCHEDULE_FLAG),
            help_behavior_hint=f"({hint})",
        )
        reading = Annotated[Any, _spec(one.type), shown]
        fields.append((name, reading, dataclasses.field(default=NotGiven(default))))
    made = dataclasses.make_dataclass("Arguments", fields)
    made.__doc__ = (
        "What is given here beats the preset of an id, which beats the defaults shown "
        "(--preset none switches presets off)."
    )
    return made


def preset_of(cls: Any, words: Sequence[str]) -> dict[str, Any]:
    """Return what a preset sets for the id, arguments and `--preset` of a command.

    Args:
        cls: The algorithm.
        words: From the id on, as `values.join_pairs` returns them.
    """
    from ..core.base.presets import chosen

    joined = [word.partition("=")[2] for word in words if word.startswith("--preset=")]
    name = next(iter([*joined, *_after(words, "--preset")]), "auto")
    env_kwargs = pairs(_after(words, "--env-kwargs"))
    id = words[0] if words and not words[0].startswith("-") else None
    return chosen(name, cls.presets, {"env": id, "env_kwargs": env_kwargs})


def _after(words: Sequence[str], flag: str) -> list[str]:
    """Return the words that follow a flag, up to the next one."""
    if flag not in words:
        return []
    rest = words[list(words).index(flag) + 1 :]
    return list(itertools.takewhile(lambda word: not word.startswith("-"), rest))


def given(arguments: Any) -> dict[str, Any]:
    """Return the arguments that were really given, by name."""
    return {
        field.name: value
        for field in dataclasses.fields(arguments)
        if not isinstance(value := getattr(arguments, field.name), NotGiven)
    }


def default_policy(cls: Any) -> str | None:
    """Return the policy that an algorithm uses unless told otherwise: its first alias."""
    return next(iter(cls.policy_aliases), None)


def _spec(hint: Any) -> tyro.constructors.PrimitiveConstructorSpec:
    """Tell tyro how to read a value of a type hint; unions take the first kind that fits."""
    kinds = set(_kinds(hint))
    if kinds & {dict, collections.abc.Mapping}:
        return pairs_spec()
    optional = type(None) in kinds
    parse: Callable[[str], Any]
    if bool in kinds:
        parse, metavar = _boolean, "{true,false}"
    elif tuple in kinds and float in kinds:
        parse, metavar = _schedule, f"FLOAT|{_SCHEDULE_FLAG}"
    elif float in kinds:
        parse, metavar = _number, "FLOAT"
    elif int in kinds:
        parse, metavar = whole_number, "INT"
    elif str in kinds:
        parse, metavar = str, "NAME"
    else:
        parse, metavar = literal, "VALUE"
    return spec(_or_none(parse) if optional else parse, f"{metavar}|none" if optional else metavar)


def _kinds(hint: Any) -> list[Any]:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return [kind for part in typing.get_args(hint) for kind in _kinds(part)]
    return [origin or hint]


def _or_none(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: None if text.lower() == "none" else parse(text)


def _boolean(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError(f"{text!r} is neither true nor false")
    return words[text.lower()]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _schedule(text: str) -> Any:
    kind, *ends = text.split(":")
    if not ends:
        return _number(text)
    if kind != "linear" or len(ends) != 2:
        raise ValueError(f"{text!r} is not a schedule; write a number, or e.g. linear:5e-4:0")
    return ("linear", _number(ends[0]), _number(ends[1]))
