"""What tasks the bandits draw, hold out and refuse."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_DRAWS = 3000
_ERRORS = 4.5  # standard errors a moment may be off

UNIFORM = (1 / 2, 1 / 12, 1 / 180)  # mean, variance, and variance of the squared deviation
NORMAL = (0.0, 1.0, 2.0)
VOLATILITY = (0.05, 0.01 / 12, 0.0001 / 180)  # uniform on [0, 0.1)
DISTRIBUTIONS = [
    ("Bernoulli", "means", UNIFORM),
    ("Dependent", "means", UNIFORM),
    ("Gaussian", "means", NORMAL),
    ("Restless", "start", UNIFORM),
    ("Restless", "volatility", VOLATILITY),
]


def rows(family, num_envs=1, **kwargs):
    return gym.make_vec(f"meta/{family}Bandit-v0", num_envs=num_envs, **kwargs)


@pytest.mark.parametrize("split", ["train", "test", "all"])
@pytest.mark.parametrize(("family", "key", "moments"), DISTRIBUTIONS)
def test_tasks_follow_the_same_distribution_on_every_split(family, key, moments, split):
    mean, variance, variance_of_square = moments
    drawn = rows(family, split=split).sample_tasks(_DRAWS, seed=1)[key].reshape(_DRAWS, -1)
    squares = (drawn - mean) ** 2
    assert np.all(abs(drawn.mean(0) - mean) < _ERRORS * np.sqrt(variance / _DRAWS))
    assert np.all(abs(squares.mean(0) - variance) < _ERRORS * np.sqrt(variance_of_square / _DRAWS))


@pytest.mark.parametrize("family", ["Bernoulli", "Gaussian"])
def test_arms_are_independent(family):
    drawn = rows(family).sample_tasks(_DRAWS, seed=2)["means"]
    correlations = np.corrcoef(drawn.T)[np.triu_indices(5, 1)]
    assert np.all(abs(correlations) < _ERRORS / np.sqrt(_DRAWS))


@pytest.mark.parametrize(
    "family", ["Bernoulli", "Dependent", "Informative", "Gaussian", "Restless"]
)
def test_no_task_is_in_both_splits(family):
    train, test = rows(family, split="train"), rows(family, split="test")
    for one, other in ((train, test), (test, train)):
        for seed in range(50):
            task = {key: values[0] for key, values in one.sample_tasks(1, seed).items()}
            assert one.in_split(task)
            assert not other.in_split(task)


def test_the_parameter_that_splits_is_the_documented_one():
    half_cell = 0.5 / 1024
    for family, key in (("Bernoulli", "means"), ("Gaussian", "means"), ("Restless", "volatility")):
        cells = {"Bernoulli": 0.5, "Gaussian": 0.0, "Restless": 0.05}[family]  # cell 512 begins
        width = {"Bernoulli": 1.0, "Gaussian": 2.5066, "Restless": 0.1}[family]  # by unit of chance
        test = rows(family, split="test")
        for cell in (-2, -1, 0, 1, 2, 3):
            value = cells + (cell + 0.5) * 2 * half_cell * width
            task = {"means": np.array([value, 0.3]), "volatility": np.array(value)}
            assert test.in_split({**task, key: task[key]}) == (cell % 2 == 1)


def test_dependent_arms_swapped_stay_in_their_split():
    test = rows("Dependent", split="test")
    drawn = test.sample_tasks(200, seed=3)["means"]
    assert all(test.in_split({"means": means[::-1]}) for means in drawn)
    assert np.all(drawn.sum(1) == 1.0)


@pytest.mark.parametrize(("variant", "worse"), [("easy", 0.1), ("medium", 0.25), ("hard", 0.4)])
def test_a_dependent_variant_has_two_tasks(variant, worse):
    env = rows("Dependent", variant=variant)
    assert env.splits == ("all",)
    members = np.array([task["means"] for task in env.tasks_in_split])
    np.testing.assert_allclose(members, [[worse, 1 - worse], [1 - worse, worse]], atol=1e-15)
    drawn = env.sample_tasks(_DRAWS, seed=4)["means"]
    is_second = (drawn == members[1]).all(1)
    assert np.all(is_second | (drawn == members[0]).all(1))
    assert abs(is_second.mean() - 0.5) < _ERRORS * 0.5 / np.sqrt(_DRAWS)
    with pytest.raises(ValueError, match="holds no tasks out.*'all'"):
        rows("Dependent", variant=variant, split="test")


def test_the_informative_targets():
    drawn = rows("Informative", split="all").sample_tasks(_DRAWS, seed=5)["target"]
    counts = np.bincount(drawn, minlength=10)
    assert counts.size == 10
    assert np.all(abs(counts - _DRAWS / 10) < _ERRORS * np.sqrt(_DRAWS * 0.09))
    held = {split: rows("Informative", split=split).tasks_in_split for split in ("train", "test")}
    assert [int(task["target"]) for task in held["test"]] == [2, 7]
    assert [int(task["target"]) for task in held["train"]] == [0, 1, 3, 4, 5, 6, 8, 9]


@pytest.mark.parametrize(
    ("family", "kwargs", "message"),
    [
        ("Dependent", {"variant": "foo"}, "'foo' is unknown; allowed are .*'uniform', 'easy'"),
        ("Dependent", {"variant": "esay"}, "did you mean 'easy'"),
        ("Dependent", {"variant": None}, "variant=None is unknown"),
        ("Bernoulli", {"arms": 0}, "arms=0 must be an integer of at least 1"),
        ("Bernoulli", {"arms": 2.5}, "arms=2.5 must"),
        ("Gaussian", {"arms": -1}, "arms=-1 must"),
        ("Restless", {"arms": "2"}, "arms='2' must"),
        ("Informative", {"pulls": 0}, "pulls=0 must"),
        ("Bernoulli", {"split": "tset"}, "did you mean 'test'"),
    ],
)
def test_bad_arguments_are_refused(family, kwargs, message):
    with pytest.raises(ValueError, match=message):
        rows(family, **kwargs)
    with pytest.raises(ValueError, match=message):
        gym.make(f"meta/{family}Bandit-v0", **kwargs)


def test_unknown_arguments_are_answered_with_the_known_ones():
    with pytest.raises(TypeError, match="unexpected keyword argument 'arm'.*did you mean 'arms'"):
        rows("Bernoulli", arm=3)


@pytest.mark.parametrize(
    ("family", "task", "message"),
    [
        ("Bernoulli", {"means": [0.1, 0.2, 0.3, 0.4, 1.5]}, r"'means'.*4.*=1.5.*\[0.0, 1.0\]"),
        ("Bernoulli", {"means": [0.1, 0.2]}, "shape"),
        ("Dependent", {"means": [0.3, 0.6]}, "sums to 0.89.*p and 1 - p"),
        ("Informative", {"target": 10}, r"10 is outside \[0, 9\]"),
        ("Gaussian", {"means": [0.0, 0.0, np.inf, 0.0, 0.0]}, "not finite"),
        ("Gaussian", {"means": [0.0, 0.0, np.nan, 0.0, 0.0]}, "outside"),
        ("Restless", {"start": [0.5, 0.5], "volatility": 0.2}, "'volatility'"),
        ("Restless", {"start": [0.5, 0.5]}, "'volatility' is missing"),
    ],
)
def test_tasks_that_are_none_are_refused(family, task, message):
    with pytest.raises(ValueError, match=message):
        rows(family, num_envs=2).set_tasks([task], rows=[1])
    single: Any = gym.make(f"meta/{family}Bandit-v0")
    with pytest.raises(ValueError, match=message):
        single.unwrapped.set_task(task)


def test_any_dependent_task_can_be_set_whatever_the_variant():
    env: Any = gym.make("meta/DependentBandit-v0", variant="easy").unwrapped
    _, info = env.reset(seed=0, options={"task": {"means": [0.3, 0.7]}})
    assert info["task"]["means"].tolist() == [0.3, 0.7]
