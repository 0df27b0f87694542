"""Seeds, masks, rows and options of the wrong kind, wherever they are taken, in words."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from meta_envs.core.rng import InvalidSeed, fold
from meta_envs.wrappers import TrialWrapper, VectorTrialWrapper
from tests.meta_envs.families import LAMP, PUSH

_WRONG = ("3", 1.9, True, b"7", -1, np.float64(2.0), np.True_, 2**64, [1], {})
_LARGEST = 2**64 - 1


def takers() -> dict[str, Any]:
    """Everything that takes a seed, by name: native and scalar rows, one environment, wrappers."""
    envs = {"native": gym.make(PUSH).unwrapped, "scalar": gym.make(LAMP).unwrapped}
    batches = {
        "batch": gym.make_vec(PUSH, num_envs=1),
        "sync": gym.make_vec(LAMP, num_envs=1),
        "trials": VectorTrialWrapper(gym.make_vec(PUSH, num_envs=1)),
    }
    found: dict[str, Any] = {"trial": TrialWrapper(gym.make(PUSH)).reset}
    for name, env in {**envs, **batches}.items():
        env.reset(seed=0)
        found[f"{name} reset"] = env.reset
    for name, env in envs.items():
        found[f"{name} sample"] = env.sample_task
    for name, env in batches.items():
        found[f"{name} sample"] = lambda seed, env=env: env.unwrapped.sample_tasks(1, seed=seed)
        found[f"{name} list"] = lambda seed, env=env: env.reset(seed=[seed])
    return {**found, "fold": lambda seed: fold(seed, "test")}


@pytest.mark.parametrize("name", takers())
def test_only_integers_of_64_bits_are_seeds(name: str) -> None:
    take = takers()[name]
    for seed in (3, np.int64(3), np.uint8(3), _LARGEST, np.uint64(_LARGEST)):
        take(seed=seed)
    for seed in _WRONG:
        if seed == [1] and name.endswith("reset") and not name.startswith(("native", "scalar")):
            continue  # one seed a row
        with pytest.raises(InvalidSeed, match=r"must be (an integer|from 0 to 2\*\*64 - 1)"):
            take(seed=seed)


def test_seeds_of_every_row_stay_below_the_largest() -> None:
    venv = gym.make_vec(PUSH, num_envs=3)
    venv.reset(seed=2**64 - 3)
    assert venv.get_state()["clock.seeds"].tolist() == [2**64 - 3, 2**64 - 2, 2**64 - 1]
    with pytest.raises(
        InvalidSeed, match=r"too large for 3 rows.*use at most 18446744073709551613"
    ):
        venv.reset(seed=2**64 - 2)
    with pytest.raises(ValueError, match="2 seeds given for 3 rows"):
        venv.reset(seed=np.array([1, 2]))
    with pytest.raises(InvalidSeed, match="not bytes"):
        venv.reset(seed=b"777")  # three rows, three bytes


def test_numpy_seeds_are_what_they_say() -> None:
    for id in (PUSH, LAMP):
        one, other = gym.make(id), gym.make(id)
        plain, _ = one.reset(seed=5)
        assert np.array_equal(plain, other.reset(seed=np.int64(5))[0])
        assert other.unwrapped.np_random_seed == 5


@pytest.mark.parametrize("id", [PUSH, LAMP])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keep_task": "False"}, "keep_task='False' must be True or False"),
        ({"keep_task": 1.0}, "keep_task=1.0 must be True or False"),
        ({"keep_task": 0}, "keep_task=0 must be True or False"),
        ({"keep_tsk": True}, "did you mean 'keep_task'"),
        ("keep_task", "options='keep_task' is not a dict"),
    ],
)
def test_options_of_the_wrong_kind_are_refused(id: str, options: Any, said: str) -> None:
    for env in (gym.make(id).unwrapped, gym.make_vec(id, num_envs=2)):
        env.reset(seed=0)
        with pytest.raises((TypeError, ValueError), match=said):
            env.reset(options=options)
        env.reset(options={"keep_task": np.False_})
        env.reset(options={"keep_task": None})


@pytest.mark.parametrize(
    "mask", [[[True], [True, False]], "TF", None, [True], [1, 0], [True, "x"], {"a": 1}, [True, []]]
)
def test_masks_of_the_wrong_kind_are_refused_in_our_words(mask: Any) -> None:
    venv = gym.make_vec(PUSH, num_envs=2)
    venv.reset(seed=0)
    if mask is None:
        venv.reset(options={"reset_mask": None})  # as if it had not been given
        return
    with pytest.raises(ValueError, match=r"reset_mask.* bool array \[2\]"):
        venv.reset(options={"reset_mask": mask})


def test_ragged_rows_are_refused_in_our_words() -> None:
    venv = gym.make_vec(PUSH, num_envs=2)
    with pytest.raises(ValueError, match="is not a list of integer indices"):
        venv.set_tasks(None, rows=[[0], [0, 1]])  # type: ignore[list-item]


@pytest.mark.parametrize("id", [PUSH, LAMP])
def test_a_refused_reset_pins_nothing(id: str) -> None:
    env = gym.make(id).unwrapped
    _, info = env.reset(seed=0)
    task = {key: value for key, value in info["task"].items()}
    for refused in ({"seed": "3"}, {"options": {"keep_task": 1}}):
        options = {"task": env.sample_task(seed=9), **refused.pop("options", {})}
        with pytest.raises((ValueError, TypeError)):
            env.reset(options=options, **refused)
    _, info = env.reset()  # the second episode of the trial
    assert not info["trial_start"] and info["task"] == task
