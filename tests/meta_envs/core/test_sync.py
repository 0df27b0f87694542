"""Vector environments over scalar rows, horizons, and observations that are no plain arrays."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from meta_envs import MetaVectorEnv
from meta_envs.core.sync import SyncRows
from tests.meta_envs.families import EYES, LAMP, PUSH, TRAVEL


def make_vec(id: str, num_envs: int = 3, **kwargs: Any) -> Any:
    return gym.make_vec(id, num_envs=num_envs, **kwargs)


def test_a_scalar_family_is_rows_of_a_batch() -> None:
    venv = make_vec(LAMP, rows="sync", patience=9)
    assert isinstance(venv, SyncRows) and isinstance(venv, MetaVectorEnv)
    assert venv.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert venv.patience == 9
    observations, infos = venv.reset(seed=4)
    assert observations.shape == (3,) and observations.dtype == np.int64
    assert infos["task"]["switch"].shape == (3,)


def test_rows_that_are_not_known_are_refused() -> None:
    with pytest.raises(ValueError, match="rows='threads' is unknown; allowed is 'sync'"):
        make_vec(LAMP, rows="threads")


@pytest.mark.parametrize(
    ("kwargs", "length"), [({}, 4), ({"patience": 2}, 2), ({"max_episode_steps": -1}, 6)]
)
def test_scalar_rows_are_cut_by_the_table_and_by_themselves(
    kwargs: dict[str, Any], length: int
) -> None:
    venv = make_vec(LAMP, 2, **kwargs)
    _, infos = venv.reset(seed=0, options={"task": {"switch": 1}})
    for step in range(1, length + 1):
        _, rewards, terminated, truncated, infos = venv.step([0, 3])  # neither is the switch
        assert not rewards.any() and not terminated.any()
        assert truncated.tolist() == [step == length] * 2
        assert ("final_obs" in infos) == (step == length)


def test_infos_of_scalar_rows_are_arrays() -> None:
    venv = make_vec(LAMP)
    venv.reset(seed=0)
    *_, infos = venv.step([0, 1, 2])
    assert infos["success"].shape == (3,) and infos["_success"].all()


def test_no_horizon_is_minus_one_or_none() -> None:
    for none in (-1, None):
        assert make_vec(TRAVEL, max_episode_steps=none).max_episode_steps is None
    assert make_vec(TRAVEL).max_episode_steps == 7
    assert make_vec(TRAVEL, max_episode_steps=2).max_episode_steps == 2
    with pytest.raises(ValueError, match="max_episode_steps=0"):
        make_vec(TRAVEL, max_episode_steps=0)


@pytest.mark.parametrize("kind", ["dict", "image"])
def test_dict_and_image_observations_go_through_ends_and_masks(kind: str) -> None:
    venv = make_vec(EYES[kind], steps=2)
    space = venv.observation_space
    observations, _ = venv.reset(seed=0)
    assert observations in space
    actions = np.zeros((3, 2), np.float32)
    before, *_ = venv.step(actions)
    mask = np.array([False, True, False])
    after, _ = venv.reset(options={"reset_mask": mask, "keep_task": True})
    for key in ("image", "sign") if kind == "dict" else (None,):
        one, other = (part if key is None else part[key] for part in (before, after))
        assert np.array_equal(one[[0, 2]], other[[0, 2]])
    assert after in space and after is not before
    observations, _, terminated, _, infos = venv.step(actions)
    assert terminated.tolist() == [True, False, True]
    assert observations in space and infos["final_obs"] in space
    assert infos["_final_obs"].tolist() == [True, False, True]


@pytest.mark.parametrize("id", [PUSH, LAMP])
def test_a_refused_reset_leaves_no_trace(id: str) -> None:
    venv, twin = make_vec(id), make_vec(id)
    for one in (venv, twin):
        one.reset(seed=0)
    bad: dict[str, Any] = {"no": 1}
    for seed, options, error in (
        (5, {"task": bad}, ValueError),
        (5, {"tasks": [bad] * 2}, ValueError),
        ([1, 2], {}, ValueError),
        (-1, {"task": venv.sample_tasks(1) and None}, gym.error.Error),
        ([1, 2, -3], {}, gym.error.Error),
        ([1, 2, 0.5], {}, gym.error.Error),
        (5, {"reset_mask": np.array([True])}, ValueError),
        (5, {"reset_mask": np.array([1, 0, 0])}, ValueError),
        (5, {"reset_mask": np.zeros(3, dtype=bool)}, ValueError),
        (5, {"tusk": None}, ValueError),
    ):
        with pytest.raises(error):
            venv.reset(seed=seed, options=options)
    observations, infos = venv.reset()
    expected, others = twin.reset()
    assert np.array_equal(observations, expected)
    assert np.array_equal(infos["trial_start"], others["trial_start"])
    assert all(np.array_equal(infos["task"][key], others["task"][key]) for key in infos["task"])


def test_the_first_reset_takes_every_row() -> None:
    with pytest.raises(gym.error.ResetNeeded, match="leaves some out"):
        make_vec(PUSH).reset(options={"reset_mask": np.array([True, False, False])})
    venv = make_vec(PUSH)
    venv.reset(options={"reset_mask": np.ones(3, dtype=bool)})
    assert venv.tasks is not None


def test_one_seed_a_row_seeds_the_rows_it_names() -> None:
    venv, twin = make_vec(PUSH), make_vec(PUSH)
    venv.reset(seed=[7, None, 9])
    _, expected = twin.reset(seed=7)
    targets = venv.tasks["target"]
    assert targets[[0, 2]].tolist() == expected["task"]["target"][[0, 2]].tolist()
    assert targets[1] != expected["task"]["target"][1]


def test_no_rows_can_be_pinned() -> None:
    venv = make_vec(PUSH)
    venv.reset(seed=0)
    venv.set_tasks([], rows=[])
    venv.set_tasks({"target": np.zeros(0)}, rows=np.zeros(0, dtype=int))
    assert not venv.reset(options={"keep_task": True})[1]["trial_start"].any()
    with pytest.raises(ValueError, match=r"rows=\[True, False, False\] is not a list of integer"):
        venv.set_tasks([{"target": 0.0}], rows=[True, False, False])
