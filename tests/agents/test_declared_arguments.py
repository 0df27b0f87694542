"""Every agent's arguments: complete in signature and help, each sentence once."""

import inspect
import pydoc

import pytest

import agents
from agents.cli import find
from agents.core.base.arguments import Argument

CLASSES = {name: find.algorithm(name) for name in agents.ALGORITHMS}


@pytest.mark.parametrize("name", CLASSES)
def test_help_and_signature_are_complete(name):
    cls = CLASSES[name]
    assert list(inspect.signature(cls).parameters) == list(cls.arguments)
    positional = [one.name for one in cls.arguments.values() if not one.kw_only]
    of_members = ["algorithm", "env"]
    assert positional == (of_members if name == "pbt" else ["policy", "env", "learning_rate"])
    text = pydoc.render_doc(cls)
    for argument in cls.arguments.values():
        assert f"{argument.name}: {argument.help.split()[0]}" in text


def test_a_sentence_stands_once():
    declared: dict[str, Argument] = {}
    for cls in CLASSES.values():
        for base in cls.__mro__:
            for one in vars(base).get("_own_arguments", {}).values():
                assert declared.setdefault(one.help, one) is one, f"{one.name} stands twice"


def test_mlp_policy_is_sb3s_word_for_an_algorithms_own_policy_and_no_class():
    for name, cls in CLASSES.items():
        own = cls.policy_aliases.get("MlpPolicy")
        if own is not None:  # which stands beside it under its own name
            assert own.__name__ != "MlpPolicy" and cls.policy_aliases[own.__name__] is own, name
