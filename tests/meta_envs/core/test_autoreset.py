"""Gymnasium's three autoreset modes: its own SyncVectorEnv over the scalar id is the oracle."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import error, spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import vector as wrappers

import meta_envs
from meta_envs.laws.case import same_bits
from meta_envs.wrappers import VectorTrialWrapper
from tests.meta_envs.families import EYES, LAMP, PUSH, TRAVEL

_ROWS, _STEPS, _SEED = 3, 24, 5
_MODES = tuple(AutoresetMode)
_IDS = (
    "meta/RestlessBandit-v0",
    "meta/TwoStep-v0",
    "meta/RandomMaze-v0",
    "meta/PointMomentum-v0",
    "meta/Sinusoid-v0",
    "meta/RandomHopper-v0",
    EYES["dict"],
    LAMP,
    PUSH,
    TRAVEL,
)
_SHORT = {
    "meta/RestlessBandit-v0": {"pulls": 4},
    "meta/TwoStep-v0": {"rounds": 2},
    "meta/Sinusoid-v0": {"shots": 2, "queries": 2},
}


def made(id: str, mode: AutoresetMode, native: bool, **more: Any) -> Any:
    kwargs = {"episodes_per_trial": 2, **_SHORT.get(id, {}), **more}
    if meta_envs.card(id).max_episode_steps is not None:
        kwargs["max_episode_steps"] = 4
    if native:
        return gym.make_vec(id, num_envs=_ROWS, autoreset_mode=mode, **kwargs)
    return SyncVectorEnv([lambda: gym.make(id, **kwargs)] * _ROWS, autoreset_mode=mode)


def play(venv: Any, mode: AutoresetMode, steps: int = _STEPS) -> list[tuple[Any, ...]]:
    venv.action_space.seed(_SEED)
    seen: list[tuple[Any, ...]] = [venv.reset(seed=_SEED)]
    for _ in range(steps):
        outcome = venv.step(venv.action_space.sample())
        ended = outcome[2] | outcome[3]
        seen.append(outcome)
        if mode is AutoresetMode.DISABLED and ended.any():
            shown, infos = venv.reset(options={"reset_mask": ended})
            seen.append((shown, infos))
    return seen


def same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(same_bits(left, right) for left, right in zip(one, other, strict=True))


def told(infos: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Compare infos, where Gymnasium has them."""
    for key, part in theirs.items():
        if key.startswith("_") or key in ("task", "final_obs"):
            continue
        rows = theirs[f"_{key}"]
        if key == "final_info":
            assert infos["_final_info"].tolist() == rows.tolist()
            told(infos[key], part)
        else:
            has = infos.get(f"_{key}", np.ones(_ROWS, dtype=bool))
            assert has[rows].all()
            # of bools, Gymnasium makes arrays of objects
            assert same_bits(infos[key][rows], np.array(part[rows].tolist())), key


@pytest.mark.parametrize("mode", _MODES)
@pytest.mark.parametrize("id", _IDS)
def test_play_is_that_of_gymnasiums_own_vector_environment(id: str, mode: AutoresetMode) -> None:
    venv, peer = made(id, mode, True), made(id, mode, False)
    assert venv.metadata["autoreset_mode"] is mode
    ours, theirs = play(venv, mode), play(peer, mode)
    ends = 0
    for one, other in zip(ours, theirs, strict=True):
        assert same(one[:-1], other[:-1])
        told(one[-1], other[-1])
        if len(one) > 2:
            ends += int((one[2] | one[3]).sum())
        if "final_obs" in other[-1]:
            for row in np.flatnonzero(other[-1]["_final_obs"]).tolist():
                last = one[-1]["final_obs"]
                mine = {k: v[row] for k, v in last.items()} if isinstance(last, dict) else last[row]
                assert same_bits(mine, other[-1]["final_obs"][row])
    assert ends >= 6  # so that trials ended too
    assert ("final_obs" in ours[4][-1]) <= (mode is AutoresetMode.SAME_STEP)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_states_are_of_one_mode_and_remember_who_waits(mode: AutoresetMode) -> None:
    venv = made("meta/RestlessBandit-v0", mode, True)
    venv.reset(seed=1)
    actions = np.zeros(_ROWS, dtype=np.int64)
    for _ in range(4):
        venv.step(actions)
    saved = venv.get_state()
    assert saved["ended"].all()
    other = made("meta/RestlessBandit-v0", mode, True)
    other.set_state(saved)
    if mode is AutoresetMode.DISABLED:
        for one in (venv, other):
            with pytest.raises(error.ResetNeeded, match=r"rows \[0, 1, 2\] have ended"):
                one.step(actions)
            one.reset()
    for _ in range(3):
        assert same(venv.step(actions), other.step(actions))
    third = made("meta/RestlessBandit-v0", AutoresetMode.SAME_STEP, True)
    with pytest.raises(ValueError, match=f"the state is of autoreset_mode='{mode.value}'"):
        third.set_state(saved)
    third.reset(seed=0)
    with pytest.raises(ValueError, match="the state is of autoreset_mode='SameStep'"):
        venv.set_state(third.get_state())


def test_rows_that_rest_need_no_reset_where_autoreset_is_disabled() -> None:
    venv = made(PUSH, AutoresetMode.DISABLED, True, steps=1)
    venv.reset(seed=0)
    *_, terminated, _, _ = venv.step(venv.action_space.sample())
    assert terminated.all()
    venv.rest(np.array([0, 2]))
    venv.reset(options={"reset_mask": np.array([False, True, False])})
    venv.step(venv.action_space.sample())


@pytest.mark.parametrize("id", [PUSH, LAMP])
def test_modes_are_given_as_such_or_by_value(id: str) -> None:
    for mode in _MODES:
        assert gym.make_vec(id, autoreset_mode=mode.value).metadata["autoreset_mode"] is mode
    assert gym.make_vec(id).metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    for wrong in ("same_step", 1, True):
        with pytest.raises(ValueError, match="allowed are 'NextStep', 'SameStep', 'Disabled'"):
            gym.make_vec(id, autoreset_mode=wrong)
    with pytest.raises(TypeError, match="unexpected keyword argument 'autoreset_mode'"):
        gym.make(id, autoreset_mode="NextStep")


def twice(rewards: np.ndarray) -> np.ndarray:
    return 2 * rewards


_WRAPPERS: dict[str, Any] = {
    "NormalizeObservation": wrappers.NormalizeObservation,
    "FlattenObservation": wrappers.FlattenObservation,
    "DtypeObservation": lambda env: wrappers.DtypeObservation(env, np.float64),
    "TransformObservation": lambda env: wrappers.TransformObservation(env, lambda seen: seen + 1),
    "RescaleObservation": lambda env: wrappers.RescaleObservation(
        env, np.float32(0.0), np.float32(1.0)
    ),
    "VectorizeTransformObservation": lambda env: wrappers.VectorizeTransformObservation(
        env,
        gym.wrappers.TransformObservation,
        func=lambda seen: seen + 1,
        observation_space=env.single_observation_space,
    ),
    "TransformReward": lambda env: wrappers.TransformReward(env, twice),
    "NormalizeReward": wrappers.NormalizeReward,
    "RescaleAction": lambda env: wrappers.RescaleAction(env, np.float32(-2.0), np.float32(2.0)),
    "RecordEpisodeStatistics": wrappers.RecordEpisodeStatistics,
    "DictInfoToList": wrappers.DictInfoToList,
}
if gym.__version__.startswith("1.1."):  # it wants a mask beside each info there
    del _WRAPPERS["DictInfoToList"]
_WRAPPED = "meta/Sinusoid-v0"


@pytest.mark.parametrize("mode", _MODES)
@pytest.mark.parametrize("name", _WRAPPERS)
def test_gymnasiums_wrappers_give_what_they_give_over_its_own(
    name: str, mode: AutoresetMode
) -> None:
    ours, theirs = made(_WRAPPED, mode, True), made(_WRAPPED, mode, False)
    try:
        peer = _WRAPPERS[name](theirs)
    except (ValueError, AssertionError) as refused:  # those of observations, in SAME_STEP
        with pytest.raises(type(refused)):
            _WRAPPERS[name](ours)
        assert mode is not AutoresetMode.NEXT_STEP
        return
    pair = play(_WRAPPERS[name](ours), mode), play(peer, mode)
    for one, other in zip(*pair, strict=True):
        assert same(one[:-1], other[:-1])
        if name == "RecordEpisodeStatistics" and "episode" in other[-1]:
            for key in ("r", "l"):
                assert same_bits(one[-1]["episode"][key], other[-1]["episode"][key])
        if name == "DictInfoToList" and len(one) > 2:
            for mine, peer in zip(one[-1], other[-1], strict=True):
                assert peer.keys() - mine.keys() <= {"task"}


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_what_a_wrapper_writes_into_is_not_what_a_reset_shows_again(mode: AutoresetMode) -> None:
    venv = made(PUSH, mode, True)
    venv.reset(seed=0)
    shown = venv.step(venv.action_space.sample())[0]
    before = shown.copy()
    shown += 1
    again, _ = venv.reset(options={"reset_mask": np.array([True, False, False])})
    assert np.array_equal(again[1:], before[1:])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_trials_as_episodes_need_same_step(mode: AutoresetMode) -> None:
    with pytest.raises(ValueError, match="VectorTrialWrapper takes.*'SameStep', not"):
        VectorTrialWrapper(made(PUSH, mode, True))


def test_a_trials_end_has_final_info_and_an_episodes_end_has_none() -> None:
    venv = VectorTrialWrapper(made("meta/RestlessBandit-v0", AutoresetMode.SAME_STEP, True))
    venv.reset(seed=0)
    for step in range(1, 9):
        *_, infos = venv.step(venv.action_space.sample())
        assert ("final_info" in infos) == (step == 8)
    assert infos["final_info"]["_expected_reward"].all() and infos["_final_info"].all()
    assert isinstance(venv.observation_space, spaces.Box)
