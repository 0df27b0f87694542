"""States of native batches: playing on from one equals having played on."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import error

import meta_envs
from meta_envs.laws.case import same_bits
from tests.meta_envs import families

_IDS = [id for id in meta_envs.list_distributions() if id.startswith("meta/")]
_ROWS, _BEFORE, _AFTER = 3, 7, 12


def make(id: str, **kwargs):
    long = meta_envs.card(id).max_episode_steps is not None
    return gym.make_vec(id, num_envs=_ROWS, **({"max_episode_steps": 5} if long else {}), **kwargs)


def play(venv, actions):
    seen = {}
    for number, action in enumerate(actions):
        observations, rewards, terminated, truncated, infos = venv.step(action)
        tasks = {key: part.copy() for key, part in venv.tasks.items()}
        step = {"rewards": rewards, "ends": terminated, "cuts": truncated}
        seen[number] = {**step, "shown": observations, "infos": infos, "tasks": tasks}
    seen["sampled"] = venv.sample_tasks(2)
    return seen


def some_actions(venv, count):
    venv.action_space.seed(3)
    return [venv.action_space.sample() for _ in range(count)]


@pytest.mark.parametrize("id", _IDS)
def test_playing_on_from_a_state_equals_playing_on(id):
    venv = make(id, episodes_per_trial=2)
    actions = some_actions(venv, _BEFORE + _AFTER)
    venv.reset(seed=5)
    play(venv, actions[:_BEFORE])
    try:
        saved = venv.get_state()
    except NotImplementedError as reason:
        pytest.skip(f"{reason}")  # some rows are somebody else's environments
    assert all(isinstance(part, np.ndarray) for part in saved.values())
    kept = {name: part.copy() for name, part in saved.items()}
    went_on = play(venv, actions[_BEFORE:])
    assert all(np.array_equal(kept[name], part, equal_nan=True) for name, part in saved.items())
    other = make(id, episodes_per_trial=2)
    for again in (venv, other):
        again.set_state(saved)
        assert same_bits(play(again, actions[_BEFORE:]), went_on)
        again.close()


def test_pins_and_partial_resets_are_part_of_the_state():
    venv, other = make("meta/PointGoal-v0"), make("meta/PointGoal-v0")
    venv.reset(seed=1)
    venv.set_tasks([{"goal": [0.25, -0.5]}], rows=[1])
    other.set_state(venv.get_state())
    options = {"reset_mask": np.array([False, True, False])}
    shown, infos = venv.reset(options=dict(options))
    again, infos_again = other.reset(options=dict(options))
    assert np.array_equal(shown, again)
    assert infos["task"]["goal"][1].tolist() == [0.25, -0.5]
    assert np.array_equal(infos["task"]["goal"], infos_again["task"]["goal"])


def test_what_is_no_state_of_this_environment_is_refused():
    venv = make("meta/PointGoal-v0")
    with pytest.raises(error.ResetNeeded, match="call reset first"):
        venv.get_state()
    venv.reset(seed=1)
    with pytest.raises(ValueError, match=r"lacks .*'clock.tasks.angle'.*another environment"):
        make("meta/SparsePoint-v0").set_state(venv.get_state())
    few = gym.make_vec("meta/PointGoal-v0", num_envs=2)
    few.reset(seed=1)
    with pytest.raises(ValueError, match="the state is of 2 rows; this environment has 3"):
        venv.set_state(few.get_state())


def test_scalar_environments_have_no_state_to_read():
    venv = gym.make_vec(families.LAMP, num_envs=2)
    venv.reset(seed=1)
    with pytest.raises(NotImplementedError, match="only natively batched families"):
        venv.get_state()
