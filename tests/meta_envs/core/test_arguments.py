"""Keyword arguments: absurd values are refused by name, or are none and play."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

import meta_envs
from meta_envs.core import arguments
from meta_envs.core.core_arguments import CoreArguments
from meta_envs.core.registration import load_family

_IDS = [id for id in meta_envs.list_distributions() if id.startswith("meta/")]
_TRIED = sorted({meta_envs.card(id).family: id for id in _IDS}.values())  # one a family
_ABSURD: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, 1e300, -1e300, -1, -2.5, 2.5, 0, True),
    *("", "1", None, [], {}, b"", object(), (1, 2, 3), (math.nan, 1.0), (None, ""), ([], {})),
)


def _arguments(family: type) -> list[str]:
    own = inspect.signature(family).parameters
    named = [name for name, one in own.items() if one.kind is not one.VAR_KEYWORD]
    more = getattr(family, "more_arguments", ())
    return list(dict.fromkeys([*named, *more, *CoreArguments.__annotations__]))


def _play(venv: Any) -> None:
    venv.action_space.seed(0)
    venv.reset(seed=0)
    observations, rewards, *_ = venv.step(venv.action_space.sample())
    parts = observations.values() if isinstance(observations, dict) else [observations]
    assert np.isfinite(rewards).all() and all(np.isfinite(part).all() for part in parts)
    venv.close()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", _TRIED)
def test_absurd_values_of_every_argument_are_refused_by_name_or_play(id: str) -> None:
    card = meta_envs.card(id)
    family = load_family(card.family)
    for name in _arguments(family):
        for value in _ABSURD:
            try:
                venv = family(**{**card.kwargs, name: value})
            except (TypeError, ValueError, FileNotFoundError) as refused:
                assert name in str(refused), (name, value)
            else:
                if id != "meta/Atari-v0":  # whose games take long to begin
                    _play(venv)


_REFUSED: tuple[tuple[Any, tuple[Any, ...], str], ...] = (
    (arguments.positive, (0,), "x=0 must be an integer of at least 1"),
    (arguments.whole, (True, 0), "x=True must be an integer of at least 0"),
    (arguments.whole, (5, 0, 4), "x=5 must be an integer from 0 to 4"),
    (arguments.number, ("1",), "x='1' must be a number that is finite"),
    (arguments.number, (math.inf,), "x=inf must be a number that is finite"),
    (arguments.number, (10**400,), "must be a number that is finite"),
    (arguments.number, (math.nan, 0, 1), "x=nan must be a number from 0 to 1"),
    (arguments.ends, ((2, 1),), r"x=\(2, 1\) must be \(low, high\) with low < high"),
    (arguments.ends, ((None, 1),), "x=None must be a number that is finite"),
    (arguments.flag, (1,), "x=1 must be True or False"),
    (arguments.choice, ("deep", ("deer", None)), "allowed are 'deer', None; did you mean 'deer'"),
)


@pytest.mark.parametrize(("check", "given", "said"), _REFUSED)
def test_refusals_say_what_was_given_and_what_is_allowed(check: Any, given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check("x", *given)


def test_what_is_allowed_is_returned_as_pythons_own() -> None:
    assert type(arguments.whole("x", np.int64(3), 1)) is int
    assert type(arguments.number("x", np.float32(0.5))) is float
    assert type(arguments.flag("x", np.bool_(True))) is bool
    assert arguments.ends("x", [None, 2], may_be_open=True) == (-math.inf, 2.0)
    assert arguments.choice("x", None, ("a", None)) is None
    with pytest.raises(ValueError, match=r"x=0 must be a number above 0, or None for no limit"):
        arguments.number("x", 0, above=0, otherwise="None for no limit")
