"""Copies (`copy.deepcopy`, pickling) of environments of every id, in mid-episode."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

import meta_envs
from meta_envs.laws.case import same_bits
from tests.meta_envs import families

_NOT_COPIED = "meta/Atari-v0"  # its games cannot be, and say so
_IDS = [id for id in meta_envs.list_distributions() if id.startswith("meta/") and id != _NOT_COPIED]
_FAMILIES = {meta_envs.card(id).family: id for id in reversed(_IDS)}
_BEFORE, _AFTER = 3, 5


def _pickled(env: Any) -> Any:
    return pickle.loads(pickle.dumps(env))


def _step(env: Any, action: Any) -> tuple[Any, ...]:
    """Step once; scalar environments begin again where an episode ends."""
    shown = env.step(action)
    if isinstance(env, gym.Env) and (shown[2] or shown[3]):
        return (*shown, *env.reset())
    return shown


def _go_on_alike(env: Any, copied: Callable[[Any], Any]) -> None:
    env.action_space.seed(0)
    env.reset(seed=0)
    for _ in range(_BEFORE):
        _step(env, env.action_space.sample())
    twin = copied(env)
    actions = [env.action_space.sample() for _ in range(_AFTER)]
    # One after the other: nothing of the one may be seen through the other.
    seen = [[_step(one, action) for action in actions] for one in (env, twin)]
    for mine, other in zip(*seen, strict=True):
        assert all(map(same_bits, mine, other))
    twin.close()
    env.close()


@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("id", [*_IDS, families.LAMP])
def test_a_copy_goes_on_as_the_original_does(id: str, copied: Callable[[Any], Any]) -> None:
    _go_on_alike(gym.make(id), copied)
    _go_on_alike(gym.make_vec(id, num_envs=2), copied)


@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("id", _FAMILIES.values())
def test_a_copy_of_many_rows_goes_on_too(id: str, copied: Callable[[Any], Any]) -> None:
    _go_on_alike(gym.make_vec(id, num_envs=32), copied)


@pytest.mark.parametrize("id", _FAMILIES.values())
def test_a_copy_draws_what_the_original_draws(id: str) -> None:
    env = gym.make(id, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert same_bits(env.render(), copy.deepcopy(env).render())  # it may have a renderer already
    assert same_bits(env.render(), _pickled(env).render())
    env.close()


def _step_in_child(venv: Any, action: Any, answers: Any) -> None:
    answers.put([part.tobytes() for part in venv.step(action)[:2]])
    venv.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("id", ["meta/HalfCheetahDir-v0", "meta/ML10-v0"])
def test_a_batch_goes_on_in_a_forked_child_and_in_its_parent(id: str) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    context = multiprocessing.get_context("fork")
    venv = gym.make_vec(id, num_envs=16, threads=2)
    venv.reset(seed=0)
    venv.step(venv.action_space.sample())  # which makes the threads
    action, answers = venv.action_space.sample(), context.SimpleQueue()
    child = context.Process(target=_step_in_child, args=(venv, action, answers), daemon=True)
    child.start()
    child.join(30)
    assert child.exitcode == 0  # None: it hangs
    assert answers.get() == [part.tobytes() for part in venv.step(action)[:2]]
    venv.close()
