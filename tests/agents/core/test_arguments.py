"""Arguments that are declared once: signature, docstring, binding, checks, and a type checker."""

import inspect
from typing import Any

import pytest

from agents.core.base.arguments import Declared, argument, at_least, bind, one_of, within


class Base(Declared):
    """A base.

    Raises:
        ValueError: If an argument is out of range.
    """

    policy: Any = argument("Name of a policy.", kw_only=False)
    env: Any = argument("An id.", kw_only=False)
    rate: float = argument("Learning rate.", at_least(0), default=0.5, kw_only=False)
    seed: int | None = argument("Seed for all randomness.", default=None)
    verbose: int = argument("0 or 1.", default=0, remembered=False)

    def __init__(self, *args, **kwargs):
        self.given = bind(type(self), args, kwargs)


class Epochs(Declared):
    """A layer."""

    n_epochs: int = argument("Passes over a batch.", at_least(1), default=1)


class Agent(Epochs, Base):
    """An agent."""

    rate = 0.1
    n_epochs = 8
    clip: float = argument("Clip.", within(0, 1), default=0.2)
    kind: str = argument("Kind.", one_of("a", "b"), default="a")


class Child(Agent):
    """Another."""

    n_epochs = 2


def test_signature_is_complete_and_defaults_are_the_nearest():
    assert str(inspect.signature(Agent)) == (
        "(policy: Any, env: Any, rate: float = 0.1, *, seed: int | None = None, verbose: int = 0, "
        "n_epochs: int = 8, clip: float = 0.2, kind: str = 'a')"
    )
    assert Child.arguments["n_epochs"].default == 2 and Agent.arguments["n_epochs"].default == 8
    assert Child.arguments["rate"].default == 0.1 and Base.arguments["rate"].default == 0.5
    assert Child("P", "id").clip == 0.2  # as a class attribute
    assert not hasattr(Agent, "env") and Agent.arguments["env"].required


def test_docstring_has_every_sentence_before_what_is_raised():
    assert "rate: Learning rate." in Agent.__doc__ and "n_epochs: Passes" in Child.__doc__
    about, args, raises = Base.__doc__.split("\n\n")
    assert about == "A base." and args.startswith("Args:\n    policy: Name of a policy.\n")
    assert raises == "Raises:\n    ValueError: If an argument is out of range."


def test_binding():
    assert Agent("P", "id", 1.0, seed=3).given == {
        "policy": "P", "env": "id", "rate": 1.0, "seed": 3,
    }  # fmt: skip
    with pytest.raises(TypeError, match="unexpected keyword argument 'n_epoch'. Did you mean"):
        Agent("P", "id", n_epoch=2)
    with pytest.raises(TypeError, match=r"Agent.__init__\(\): missing a required argument: 'env'"):
        Agent("P")
    with pytest.raises(TypeError, match="too many positional"):
        Agent("P", "id", 1.0, 3)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("n_epochs", 0, "n_epochs=0 must be at least 1"),
        ("clip", 1.5, r"clip=1.5 is outside \[0, 1\]"),
        ("kind", "c", r"kind='c' is unknown; allowed are \['a', 'b'\]"),
    ],
)
def test_checks_name_what_was_given_and_what_is_allowed(name, value, words):
    with pytest.raises(ValueError, match=words):
        Agent.arguments[name].check(value)
