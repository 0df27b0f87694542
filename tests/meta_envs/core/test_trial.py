"""Trials as episodes and the task in the observation: one row, and the batched twins."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env

from meta_envs.core import batches
from meta_envs.laws.case import same_bits
from meta_envs.wrappers import (
    OracleObservation,
    TrialWrapper,
    VectorOracleObservation,
    VectorTrialWrapper,
)
from meta_envs.wrappers.trial import TrialObservation
from tests.meta_envs.families import EYES, LAMP, PUSH, TRAVEL

_IDS = (
    "meta/BernoulliBandit-v0",
    "meta/GaussianBandit-v0",
    "meta/TabularMDP-v0",
    "meta/GridNavi-v0",
    "meta/RandomMaze-v0",
    PUSH,
    LAMP,
    TRAVEL,
    *EYES.values(),
)
_ROWS = 4


def make(id: str, **kwargs: Any) -> Any:
    return gym.make(id, **kwargs)


def make_vec(id: str, **kwargs: Any) -> Any:
    return gym.make_vec(id, num_envs=_ROWS, **kwargs)


def test_the_layout_for_discrete_spaces() -> None:
    env: Any = TrialWrapper(make("meta/TabularMDP-v0", states=3, actions=2, horizon=2), episodes=2)
    assert env.observation_space.shape == (3 + 2 + 1 + 1,)
    first, info = env.reset(seed=0)
    assert first.dtype == np.float32 and first.tolist() == [1, 0, 0, 0, 0, 0, 1]
    assert info["trial_start"] and info["trial_episode"] == 0
    observation, reward, terminated, truncated, info = env.step(1)
    state = int(env.unwrapped.state["state"][0])
    expected = [*np.eye(3)[state], 0, 1, np.float32(reward), 0]
    assert observation.tolist() == expected
    assert (terminated, truncated, info["episode_end"]) == (False, False, False)
    observation, reward, terminated, truncated, info = env.step(0)
    # The first episode's end: the next one's first observation, marked as a start.
    assert observation.tolist() == [1, 0, 0, 1, 0, np.float32(reward), 1]
    assert (terminated, truncated, info["episode_end"]) == (False, False, True)
    assert info["trial_episode"] == 0 and env.step(0)[4]["trial_episode"] == 1
    observation, _, terminated, truncated, _ = env.step(0)
    assert (terminated, truncated, observation[-1]) == (True, False, 1.0)
    assert env.reset()[0].tolist() == first.tolist()


def test_the_layout_for_boxes_shows_the_clipped_action() -> None:
    env = TrialWrapper(make(PUSH))
    raw, _ = make(PUSH).reset(seed=0)
    first, _ = env.reset(seed=0)
    assert first.tolist() == [*raw.tolist(), 0, 0, 0, 1]
    observation, reward, *_ = env.step(np.array([3.0, -0.5]))
    assert observation[2:].tolist() == [1.0, -0.5, np.float32(reward), 0.0]


@pytest.mark.parametrize("kind", ["dict", "image"])
def test_images_and_dicts_stay_as_they_are(kind: str) -> None:
    env: Any = TrialWrapper(make(EYES[kind]))
    observation, _ = env.reset(seed=0)
    raw, _ = make(EYES[kind]).reset(seed=0)
    kept = raw if kind == "dict" else {"observation": raw}
    extra = {"previous_action", "previous_reward", "episode_start"}
    assert set(observation) == set(kept) | extra == set(env.observation_space.spaces)
    assert all(same_bits(observation[key], kept[key]) for key in kept)
    assert observation["episode_start"].tolist() == [1.0]
    env.action_space.seed(0)
    assert env.step(env.action_space.sample())[0] in env.observation_space


@pytest.mark.parametrize("id", _IDS)
def test_only_the_last_step_of_a_trial_terminates(id: str) -> None:
    env: Any = TrialWrapper(make(id), episodes=3)
    env.action_space.seed(1)
    _, info = env.reset(seed=1)
    task, ended, over = info["task"], 0, False
    while not over:
        assert same_bits(env.unwrapped.task, task)
        assert ended < 3
        _, _, over, truncated, info = env.step(env.action_space.sample())
        ended += info["episode_end"]
        assert not truncated and over == (ended == 3)
    assert env.reset()[1]["trial_start"]


def test_the_number_of_episodes_is_the_environments_unless_given() -> None:
    assert TrialWrapper(make(PUSH)).episodes == 2
    assert TrialWrapper(make(PUSH, episodes_per_trial=5)).episodes == 5
    assert TrialWrapper(make(PUSH), episodes=7).episodes == 7
    with pytest.raises(ValueError, match="episodes=0"):
        TrialWrapper(make(PUSH), episodes=0)
    with pytest.raises(TypeError, match="has no task API"):
        TrialWrapper(gym.make("CartPole-v1"))


def test_pins_survive_trials() -> None:
    env: Any = TrialWrapper(make(PUSH))
    env.unwrapped.set_task({"target": 0.5})
    for seed in (0, None, 1, None):
        env.reset(seed=seed)
        for _ in range(10):
            *_, over, _, _ = env.step(np.zeros(2, np.float32))
            assert float(env.unwrapped.task["target"]) == 0.5
        assert over
    env.reset(options={"task": {"target": -0.5}})
    assert float(env.unwrapped.task["target"]) == -0.5
    env.unwrapped.set_task(None)
    targets = {float(env.reset()[1]["task"]["target"]) for _ in range(3)}
    assert len(targets) == 3


def test_keep_task_goes_on_with_a_task() -> None:
    env: Any = TrialWrapper(make(PUSH))
    _, info = env.reset(seed=0)
    _, again = env.reset(options={"keep_task": True})
    assert same_bits(info["task"], again["task"]) and not again["trial_start"]


def test_a_task_set_inside_a_trial_ends_it_in_both_twins() -> None:
    env: Any = TrialWrapper(make(PUSH, steps=2), episodes=5)
    venv: Any = VectorTrialWrapper(make_vec(PUSH, steps=2, episodes_per_trial=5))
    env.reset(seed=0), venv.reset(seed=0)
    still, over, overs = np.zeros((_ROWS, 2), np.float32), [], []
    for step in range(4):
        if step == 3:
            env.unwrapped.set_task({"target": 0.5})
            venv.unwrapped.set_tasks([{"target": 0.5}], rows=[0])
        over.append(env.step(still[0])[2])
        overs.append(venv.step(still)[2].tolist())
    assert over == [False, False, False, True] == [row[0] for row in overs]
    assert not np.array(overs)[:, 1:].any()


@pytest.mark.parametrize("wrap", [TrialWrapper, OracleObservation])
@pytest.mark.parametrize("id", [PUSH, LAMP, "meta/GridNavi-v0", "meta/TabularMDP-v0"])
def test_wrapped_environments_are_sound_and_made_again_from_their_spec(wrap: Any, id: str) -> None:
    env = wrap(make(id))
    again: Any = gym.make(env.spec)
    assert repr(again) == repr(env)
    assert again.observation_space == env.observation_space
    assert same_bits(again.reset(seed=3)[0], env.reset(seed=3)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The wrapper is meant, and rewards have no bounds.
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version")
        warnings.filterwarnings("ignore", ".*observation space m[a-z]+ value is -?infinity")
        check_env(env, skip_render_check=True)


def test_the_number_of_episodes_is_in_the_spec() -> None:
    spec = TrialWrapper(make(PUSH), episodes=7).spec
    assert spec is not None
    assert gym.make(spec).get_wrapper_attr("episodes") == 7


def test_the_twin_refuses_what_it_cannot_do() -> None:
    venv: Any = VectorTrialWrapper(make_vec(PUSH))
    with pytest.raises(ValueError, match="reset_mask is not supported"):
        venv.reset(options={"reset_mask": np.ones(_ROWS, dtype=bool)})
    other = gym.make_vec("CartPole-v1", num_envs=2)
    for wrap in (VectorTrialWrapper, VectorOracleObservation):
        with pytest.raises(TypeError, match="is not a MetaVectorEnv"):
            wrap(other)


def _compare(single: Any, venv: Any, seed: int, steps: int) -> int:
    """Play one wrapped environment beside each row of its twin; count the rows' ends."""
    venv.action_space.seed(seed)
    observations, _ = venv.reset(seed=seed)
    singles = [single() for _ in range(_ROWS)]
    count = 0
    for row, env in enumerate(singles):
        assert env.observation_space == venv.single_observation_space
        assert same_bits(env.reset(seed=seed + row)[0], batches.take(observations, row))
    for _ in range(steps):
        actions = venv.action_space.sample()
        observations, rewards, terminated, truncated, infos = venv.step(actions)
        assert observations in venv.observation_space
        for row, env in enumerate(singles):
            observation, reward, *ends, _ = env.step(batches.take(actions, row))
            assert (reward, *ends) == (rewards[row], terminated[row], truncated[row])
            if any(ends):
                count += 1
                assert infos["_final_obs"][row]
                assert same_bits(observation, batches.take(infos["final_obs"], row))
                observation, _ = env.reset()
            assert same_bits(observation, batches.take(observations, row))
    return count


@pytest.mark.parametrize("id", _IDS)
def test_the_batched_trial_equals_the_single_one(id: str) -> None:
    kwargs: dict[str, Any] = {"episodes_per_trial": 3, "max_episode_steps": 9}
    ended = _compare(
        lambda: TrialWrapper(make(id, **kwargs)), VectorTrialWrapper(make_vec(id, **kwargs)), 5, 70
    )
    assert ended >= _ROWS


@pytest.mark.parametrize("id", _IDS)
def test_the_batched_oracle_equals_the_single_one(id: str) -> None:
    kwargs: dict[str, Any] = {"episodes_per_trial": 2, "max_episode_steps": 6}
    ended = _compare(
        lambda: OracleObservation(make(id, **kwargs)),
        VectorOracleObservation(make_vec(id, **kwargs)),
        5,
        40,
    )
    assert ended >= _ROWS


def test_the_oracle_appends_the_task() -> None:
    env = OracleObservation(make(PUSH))
    raw, info = make(PUSH).reset(seed=0)
    expected = [*raw.tolist(), np.float32(info["task"]["target"])]
    assert env.reset(seed=0)[0].tolist() == expected
    one_hot = OracleObservation(make(LAMP)).reset(seed=0, options={"task": {"switch": 2}})[0]
    assert one_hot[3:].tolist() == [0, 0, 1, 0]
    with pytest.raises(TypeError, match="has no task API"):
        OracleObservation(gym.make("CartPole-v1"))


def test_an_oracle_in_trials_sees_both() -> None:
    env = TrialWrapper(OracleObservation(make(LAMP)))
    observation, _ = env.reset(seed=0, options={"task": {"switch": 1}})
    assert observation[3:7].tolist() == [0, 1, 0, 0] and observation.shape == (3 + 4 + 4 + 2,)


def test_discrete_parts_of_many_kinds_are_one_hot() -> None:
    builder = TrialObservation(spaces.MultiDiscrete([2, 3]), spaces.Discrete(2, start=5))
    built = builder.build(
        np.array([[1, 2], [0, 0]]),
        builder.flat_actions(np.array([6.0, 5.0])),
        np.array([0.5, 0.0]),
        np.array([False, True]),
    )
    assert built.tolist() == [[0, 1, 0, 0, 1, 0, 1, 0.5, 0], [1, 0, 1, 0, 0, 1, 0, 0, 1]]
    assert all(row in builder.space for row in built)


def test_actions_that_cannot_be_flattened_are_refused() -> None:
    with pytest.raises(TypeError, match="cannot be flattened"):
        TrialObservation(spaces.Discrete(2), spaces.Text(3))
