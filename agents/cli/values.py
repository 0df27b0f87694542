"""Words of the command line as Python values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import tyro

_WORDS = {"true": True, "false": False, "none": None}
PAIRS = "KEY=VALUE ..."  # how flags that take pairs are shown in help texts
_TAKE_PAIRS = ("--env-kwargs", "--policy-kwargs", "--arguments")


def literal(text: str) -> Any:
    """Return the Python literal that `text` is, else the text itself.

    Raises:
        ValueError: It begins like a list, tuple, dict or quoted text but does not end like one.
    """
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if text[:1] in tuple("[({'\""):
            raise ValueError(f"{text} is not a whole Python literal") from None
        return text


def pairs(words: Sequence[str]) -> dict[str, Any]:
    """Parse `KEY=VALUE` words; values are Python literals or plain text.

    Raises:
        ValueError: A word is not a pair, or a key comes twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise ValueError(f"{word!r} is not a KEY=VALUE pair; write e.g. variant=hard")
        if key in found:
            raise ValueError(f"{key} is given twice: {found[key]!r} and {value}")
        found[key] = literal(value)
    return found


def whole_number(text: str) -> int:
    """Parse an integer; `1_000_000` and `1e6` are fine.

    Raises:
        ValueError: It is none.
    """
    try:
        return int(text)
    except ValueError:
        number = float(text) if _is_number(text) else 0.5
        if not number.is_integer():
            raise ValueError(f"{text!r} is not a whole number") from None
        return int(number)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def join_pairs(argv: Sequence[str]) -> list[str]:
    """Bring every spelling of pairs into one: `--env-kwargs KEY=VALUE ...` at the end.

    `--env-kwargs.variant hard`, `--env-kwargs.variant=hard` and flags that come several times are
    taken too, and pairs never swallow what stands behind them.
    """
    rest: list[str] = []
    found: dict[str, list[str]] = {}
    words = list(argv)
    while words:
        word = words.pop(0)
        head, equals, value = word.partition("=")
        flag, dot, key = head.partition(".")
        flag = flag.replace("_", "-")
        if flag not in _TAKE_PAIRS or (equals and not dot):
            rest.append(word)
        elif dot:
            value = value if equals or not words else words.pop(0)
            found.setdefault(flag, []).append(f"{key.replace('-', '_')}={value}")
        else:
            given = found.setdefault(flag, [])
            while words and not words[0].startswith("-") and ("=" in words[0] or not given):
                given.append(words.pop(0))
    for flag, given in found.items():
        rest += [flag, *given]
    return rest


def spec(
    parse: Callable[[str], Any], metavar: str, shown: Callable[[Any], str] = str
) -> tyro.constructors.PrimitiveConstructorSpec:
    """Tell tyro how to read a flag of one word.

    Args:
        parse: Makes a value of the word; ValueError says why it cannot.
        metavar: What stands for the word in help texts.
        shown: Makes a text of a default.
    """
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=lambda words: parse(words[0]),
        is_instance=lambda value: True,
        str_from_instance=lambda value: [shown(value)],
    )


def several(
    parse: Callable[[str], Any], metavar: str
) -> tyro.constructors.PrimitiveConstructorSpec:
    """Tell tyro how to read a flag of one word or more; its value is a tuple."""
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar=metavar,
        instance_from_str=lambda words: tuple(parse(word) for word in words),
        is_instance=lambda value: True,
        str_from_instance=lambda value: [str(value)],
    )


def pairs_spec() -> tyro.constructors.PrimitiveConstructorSpec:
    """Tell tyro how to read a flag of `KEY=VALUE` pairs."""
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar=PAIRS,
        instance_from_str=pairs,
        is_instance=lambda value: True,
        str_from_instance=lambda value: [_shown_pairs(value)],
    )


def _shown_pairs(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={part}" for key, part in value.items()) or "none"
    return str(value)


# Types of the commands' parameters.
Count = Annotated[int, spec(whole_number, "N")]
EnvKwargs = Annotated[
    dict[str, Any] | None, pairs_spec(), tyro.conf.arg(help_behavior_hint="(default: none)")
]


def unless(default: str, metavar: str) -> Any:
    """Describe a flag whose default, None, stands for something that help texts should say."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"(default: {default})")


OfTrial = Annotated[int | None, spec(whole_number, "N"), unless("as many as a trial has", "N")]
Split = Annotated[str | None, unless("test where there is one, else all", "NAME")]
Threads = Annotated[int | None, spec(whole_number, "N"), unless("as PyTorch chooses", "N")]
