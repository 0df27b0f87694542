"""Words of the command line as values, and flags made from constructors."""

from __future__ import annotations

import inspect

import pytest

from agents import ALGORITHMS, baselines
from agents.cli import find, flags, values
from agents.cli.baselines import baseline_names


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-1.5", -1.5),
        ("1e-3", 1e-3),
        ("hard", "hard"),
        ("none", None),
        ("True", True),
        ("false", False),
        ("[1, 2]", [1, 2]),
        ("'3'", "3"),
        ("a b", "a b"),
    ],
)
def test_literal(text, value):
    parsed = values.literal(text)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize("words", [["variant"], ["=3"], ["a=1", "a=2"], ["a=[1,"]])
def test_pairs_refuse_what_is_none(words):
    with pytest.raises(ValueError):
        values.pairs(words)


@pytest.mark.parametrize(("text", "number"), [("8", 8), ("1_000", 1000), ("1e6", 1_000_000)])
def test_whole_number(text, number):
    assert values.whole_number(text) == number


@pytest.mark.parametrize("text", ["1.5", "many", "nan", "inf", ""])
def test_whole_number_refuses(text):
    with pytest.raises(ValueError, match="is not a whole number"):
        values.whole_number(text)


@pytest.mark.parametrize(
    "words",
    [
        "--env-kwargs variant=hard pulls=5 meta/X-v0 --seed 0",
        "meta/X-v0 --seed 0 --env-kwargs variant=hard pulls=5",
        "meta/X-v0 --env-kwargs.variant hard --seed 0 --env-kwargs.pulls=5",
        "meta/X-v0 --env_kwargs variant=hard --seed 0 --env-kwargs pulls=5",
    ],
)
def test_every_spelling_of_pairs_is_one(words):
    joined = values.join_pairs(words.split())
    assert joined == "meta/X-v0 --seed 0 --env-kwargs variant=hard pulls=5".split()


def test_pairs_without_equals_stay_to_be_refused():
    assert values.join_pairs(["--env-kwargs", "variant", "hard"])[:1] == ["hard"]
    assert values.join_pairs(["--env-kwargs", "variant"]) == ["--env-kwargs", "variant"]
    assert values.join_pairs(["--env-kwargs"]) == ["--env-kwargs"]


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_constructor_argument_is_a_flag_with_help(name):
    cls = find.algorithm(name)
    made = flags.arguments_class(cls)()
    taken = set(inspect.signature(cls).parameters)
    assert set(vars(made)) == taken - {"env", "verbose", "tensorboard_log"}
    assert all(cls.arguments[name].help.endswith(".") for name in vars(made))
    assert flags.given(made) == {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if name in vars(made) and name != "policy" and parameter.default is not parameter.empty:
            assert getattr(made, name).default == parameter.default


def test_default_policies_are_the_papers():
    policies = {name: flags.default_policy(find.algorithm(name)) for name in ("rl2", "l2rl")}
    assert policies == {"rl2": "GruPolicy", "l2rl": "LstmPolicy"}


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("ucb1", baselines.UCB1()),
        ("UCB1:c=0.3", baselines.UCB1(c=0.3)),
        ("thompson:model=gaussian", baselines.Thompson(model="gaussian")),
        ("epsilon_greedy:epsilon=0.2,model=gaussian", baselines.EpsilonGreedy("gaussian", 0.2)),
        ("psrl:horizon=7", baselines.PSRL(horizon=7)),
        ("mdp-oracle", baselines.MDPOracle()),
    ],
)
def test_baselines_by_name(text, agent):
    assert find.agent(text) == agent


def test_every_baseline_has_a_name_that_finds_it():
    for typed, class_name in baseline_names().items():
        assert type(find.agent(typed)).__name__ == class_name
    unnamed = set(baselines.__all__) - set(baseline_names().values())
    assert unnamed == {"Policy", "StableBaselines"}


def test_a_folder_does_not_hide_a_baseline(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "random").mkdir()
    assert find.agent("random") == baselines.Random()
