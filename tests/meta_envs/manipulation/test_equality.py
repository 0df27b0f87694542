"""Our rows against Meta-World's own environments, step for step."""

from __future__ import annotations

import warnings

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401  registers the ids
from meta_envs.manipulation import benchmarks
from meta_envs.manipulation.environments import NATIVE

pytest.importorskip("metaworld")
from meta_envs.manipulation import upstream  # noqa: E402

_HORIZON = 500
_AFTER = 40  # steps of what comes after the first episode
# Before NumPy 2 upstream's float32 parts of rewards are float64, so there ours differ by roundings.
_EXACT = 1e-9 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 1e-6
_ML10 = {*benchmarks.SPLITS["ML10"]["train"], *benchmarks.SPLITS["ML10"]["test"]}
_REPORTS = ("success", "near_object", "in_place_reward", "obj_to_target", "unscaled_reward")


@pytest.fixture(autouse=True)
def _no_advice():
    with warnings.catch_warnings():  # scripted policies ask for more than there is
        warnings.simplefilter("ignore")
        yield


class Both:
    """Rows of ours and as many of upstream's environments, compared at every step."""

    def __init__(self, name: str, rows: int, version: str = "v2", how: str | None = None):
        self.name, self.number = name, benchmarks.NAMES.index(name)
        self.goals = benchmarks.goals("ML1", name, 5)["train"][0][1]
        arguments = {"task_name": name, "goals_seed": 5, "reward_version": version, "rows": how}
        self.venv = gym.make_vec("meta/ML1-v0", num_envs=rows, **arguments)
        made = [upstream.environment(name, version) for _ in range(rows)]
        self.theirs = made
        self.rng = np.random.default_rng(1)
        self.success = np.zeros(rows)

    def begin(self, first: int) -> None:
        """Begin in the goals from the first one on."""
        self.chosen = self.goals[first : first + len(self.theirs)]
        tasks = [{"environment": self.number, "goal": goal} for goal in self.chosen]
        self.seen, _ = self.venv.reset(options={"tasks": tasks})
        self.begun_by_them()

    def begun_by_them(self) -> None:
        """Reset upstream's rows and compare the first observations."""
        for env, goal, seen in zip(self.theirs, self.chosen, self.seen, strict=True):
            env._set_task_called, env._freeze_rand_vec = True, True
            env._last_rand_vec = benchmarks.unpadded(self.name, goal)
            first, _ = env.reset()
            assert np.array_equal(first, seen)

    def play(self, steps: int) -> None:
        """Play: row 0 as the scripted policy does, the others at random."""
        for step in range(steps):
            actions = self.rng.uniform(-1, 1, (len(self.theirs), 4)).astype(np.float32)
            task = {"environment": self.number, "goal": self.chosen[0]}
            actions[0] = self.venv.unwrapped.expert(self.seen[0], task)
            self.seen, rewards, terminated, truncated, infos = self.venv.step(actions)
            assert not terminated.any()
            shown = infos["final_obs"] if truncated.any() else self.seen
            for row, env in enumerate(self.theirs):
                observation, reward, _, cut, info = env.step(actions[row])
                where = f"{self.name}, row {row}, step {step}"
                assert np.abs(observation - shown[row]).max() <= _EXACT, where
                assert abs(reward - rewards[row]) <= _EXACT * max(1.0, abs(reward)), where
                assert cut == truncated[row], where
                for key in _REPORTS:
                    assert abs(float(info[key]) - infos[key][row]) <= _EXACT, f"{where}: {key}"
            self.success = np.maximum(self.success, infos["success"])


@pytest.mark.parametrize("name", sorted(NATIVE))
def test_batched_rows_equal_upstreams_environment(name):
    both = Both(name, rows=2)
    both.begin(0)
    if name in _ML10:
        both.play(_HORIZON)
        assert both.success[0] == 1.0  # so that the scripted row saw the whole of the task
        both.begun_by_them()  # the second episode, of the same task
    both.play(_AFTER)
    both.begin(7)  # other tasks on the same rows
    both.play(_AFTER)
    both.venv.close()


@pytest.mark.parametrize(
    ("name", "version", "rows"),
    [
        ("pick-place-v3", "v1", None),
        ("door-lock-v3", "v2", "sync"),
        ("bin-picking-v3", "v1", "sync"),
        ("reach-v3", "v2", "async"),
    ],
)
def test_rows_of_upstream_equal_it_too(name, version, rows):
    both = Both(name, 3, version=version, how=rows)
    both.begin(0)
    both.play(_AFTER)
    both.begin(2)
    both.play(_AFTER)
    both.venv.close()


def test_all_environments_are_batched():
    assert set(NATIVE) == set(benchmarks.NAMES)
