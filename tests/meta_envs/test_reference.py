"""The batched families equal plain scalar environments of the same dynamics, bit for bit."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from tests.reference import ScalarDependentBandit, ScalarGridNavi

_SEED, _ROWS = 11, 5
_CASES = [
    ("meta/DependentBandit-v0", ScalarDependentBandit, 205),  # two trials, and into the third
    ("meta/GridNavi-v0", ScalarGridNavi, 125),
]


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("id", "scalar", "steps"), _CASES)
def test_the_batch_equals_the_scalar_reference(id, scalar, steps, split):
    batch: Any = gym.make_vec(id, num_envs=_ROWS, split=split)
    singles = [scalar(split=split) for _ in range(_ROWS)]
    observations, infos = batch.reset(seed=_SEED)
    for row, single in enumerate(singles):
        observation, info = single.reset(seed=_SEED + row)
        assert np.array_equal(observation, observations[row])
        check_infos(info, infos, row)
    actions = np.random.default_rng(0).integers(batch.single_action_space.n, size=(steps, _ROWS))
    for step in actions:
        observations, rewards, terminated, truncated, infos = batch.step(step)
        for row, single in enumerate(singles):
            observation, reward, ends, cut, info = single.step(step[row])
            assert (reward, ends, cut) == (rewards[row], terminated[row], truncated[row])
            check_infos(info, infos, row)
            if ends:
                assert np.array_equal(observation, infos["final_obs"][row])
                observation, info = single.reset()
                assert info["trial_start"] == infos["trial_start"][row]
                check_infos({"task": info["task"]}, {"task": batch.tasks}, row)
            assert np.array_equal(observation, observations[row])


def check_infos(info, infos, row):
    for key, value in info.items():
        if key == "task":
            check_infos(value, infos[key], row)
        else:
            assert np.array_equal(value, infos[key][row])
