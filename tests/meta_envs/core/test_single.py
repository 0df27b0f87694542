"""A contributor's scalar environment, and the batch of one, through Gymnasium's front door."""

from __future__ import annotations

import pydoc
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from meta_envs import MetaEnv
from meta_envs.core.single import BatchOfOne
from tests.meta_envs.families import LAMP, PUSH, TRAVEL, Lamp, Push


def make(id: str, **kwargs: Any) -> Any:
    return gym.make(id, **kwargs)


def test_a_scalar_family_is_what_make_gives() -> None:
    env = make(LAMP, split="test", patience=3)
    assert isinstance(env.unwrapped, Lamp)
    _, info = env.reset(seed=0)
    assert info == {"task": {"switch": np.int64(2)}, "trial_start": True}
    assert env.unwrapped.tasks_in_split == ({"switch": 2},)
    assert env.spec.max_episode_steps == 4 and env.spec.kwargs["split"] == "test"
    assert gym.make(env.spec).unwrapped.patience == 3  # type: ignore[attr-defined]


def _ends(env: Any, seed: int) -> list[tuple[bool, bool]]:
    """Play the switch that does nothing until the episode ends."""
    _, info = env.reset(seed=seed)
    dull = (int(info["task"]["switch"]) + 1) % 4
    ends: list[tuple[bool, bool]] = []
    while not ends or not any(ends[-1]):
        ends.append(env.step(dull)[2:4])
    return ends


def test_the_table_cuts_a_scalar_family_and_it_cuts_itself() -> None:
    assert _ends(make(LAMP), 0) == [(False, False)] * 3 + [(False, True)]
    assert _ends(make(LAMP, patience=2), 0) == [(False, False), (False, True)]
    assert len(_ends(make(LAMP, max_episode_steps=-1), 0)) == 6


def test_a_scalar_family_terminates() -> None:
    env = make(LAMP)
    _, info = env.reset(seed=1)
    ended = [env.step(info["task"]["switch"])[2] for _ in range(4)]
    assert any(ended)


def test_a_native_family_is_a_batch_of_one() -> None:
    env = make(PUSH, steps=3)
    assert isinstance(env.unwrapped, BatchOfOne) and isinstance(env.unwrapped, MetaEnv)
    assert env.unwrapped.steps == 3  # the family's own attributes are read through
    with pytest.raises(AttributeError):
        _ = env.unwrapped.no_such_thing


def test_a_task_written_into_the_answer_changes_nothing() -> None:
    env = make(PUSH)
    _, info = env.reset(seed=0)
    before = float(info["task"]["target"])
    info["task"]["target"][...] = 0.0
    env.unwrapped.task["target"][...] = 0.0
    assert float(env.unwrapped.task["target"]) == before


def test_assigning_the_task_pins_it() -> None:
    env = make(PUSH)
    env.unwrapped.task = {"target": 0.25}
    env.reset(seed=0)
    assert float(env.reset()[1]["task"]["target"]) == 0.25


def test_a_step_after_the_end_wants_a_reset() -> None:
    env = make(PUSH, steps=2)
    env.reset(seed=0)
    env.step(np.zeros(2, np.float32)), env.step(np.zeros(2, np.float32))
    with pytest.raises(gym.error.ResetNeeded, match="episode has ended"):
        env.step(np.zeros(2, np.float32))


def test_a_horizon_cuts_a_native_family_as_gymnasiums_time_limit_does() -> None:
    """Where an episode terminates in the very last step, both flags are up in both."""
    both = 0
    for seed in range(60):
        env, venv = make(TRAVEL), gym.make_vec(TRAVEL, num_envs=1)
        task = {"target": 0.0}
        env.reset(seed=seed, options={"task": task})
        venv.reset(seed=seed, options={"task": task})
        env.action_space.seed(seed)
        for step in range(1, 8):
            action = env.action_space.sample()
            _, reward, terminated, truncated, _ = env.step(action)
            _, rewards, *ends, _ = venv.step(action[None])
            assert (reward, terminated, truncated) == (rewards[0], ends[0][0], ends[1][0])
            assert truncated == (step == 7)
            both += terminated and truncated
            if terminated or truncated:
                break
    assert both > 0


@pytest.mark.parametrize("id", [LAMP, PUSH])
def test_other_render_modes_are_refused(id: str) -> None:
    with pytest.raises(ValueError, match="render_mode='ansi'"):
        make(id, render_mode="ansi")


def test_np_random_is_the_stream_of_the_episodes() -> None:
    for id in (LAMP, PUSH):
        env = make(id).unwrapped
        env.reset(seed=5)
        assert env.np_random_seed == 5
        again = make(id).unwrapped
        again.reset(seed=5)
        assert env.np_random.random() == again.np_random.random()


def _shape_of_torchrl(env: Any) -> tuple[int, ...]:
    """The batch size that TorchRL's GymWrapper gives an environment, by its rule."""
    for one in (env, env.unwrapped):
        if hasattr(one, "num_envs"):
            return (one.num_envs,)
    return ()


@pytest.mark.parametrize("id", [LAMP, PUSH, "meta/GridNavi-v0", "meta/RandomHopper-v0"])
def test_clients_see_one_environment_and_not_a_batch(id: str) -> None:
    env = make(id)
    assert _shape_of_torchrl(env) == ()
    assert _shape_of_torchrl(gym.make_vec(id, num_envs=2)) == (2,)
    for name in ("single_observation_space", "single_action_space", "closed", "tasks", "set_tasks"):
        assert not hasattr(env.unwrapped, name), name
    assert "autoreset_mode" not in env.metadata


def test_the_docstring_is_the_familys() -> None:
    env, other = make(PUSH).unwrapped, make("meta/GridNavi-v0").unwrapped
    assert env.__doc__ == Push.__doc__
    assert "Tasks:" in other.__doc__ and "Tasks:" in pydoc.render_doc(other)
