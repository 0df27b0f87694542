"""Tasks that change within trials, that mutate, and the one distribution that environments hold."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

import meta_envs
from meta_envs.core.distribution import TaskDistribution
from meta_envs.core.mutation import step
from meta_envs.laws.case import LawBroken, same_bits
from meta_envs.laws.changes import law_bank, law_changes, law_mutation
from meta_envs.laws.check import Law, check_law
from meta_envs.laws.leak import law_leak
from meta_envs.wrappers import VectorOracleObservation
from tests.meta_envs.drifting import DRIFT, DRIFTING_LAMP, JUDGED, Drift, Judged, judges
from tests.meta_envs.families import LAMP, PUSH, Push


@pytest.mark.parametrize("id", [DRIFT, DRIFTING_LAMP])
def test_a_pin_holds_for_the_first_episode_of_each_trial(id):
    env = gym.make(id)
    key = next(iter(env.unwrapped.task_space))
    pin = {key: 0}
    seen = [env.reset(seed=1, options={"task": pin})[1]]
    seen += [env.reset()[1] for _ in range(5)]
    assert [info["trial_start"] for info in seen] == [True, False, False] * 2
    values = [float(info["task"][key]) for info in seen]
    assert values[0] == values[3] == 0
    assert len(set(values[:3])) > 1 and values[1:3] != values[4:]  # drawn anew in each trial
    assert float(env.unwrapped.task[key]) == values[-1]


def test_next_task_is_told_the_task_and_the_number_of_episodes_begun():
    told = []

    class Counted(Drift):
        def next_task(self, task, episode, rng):
            told.append((float(task["secret"]), episode))
            return {"secret": 0.25 * episode}

    venv = Counted(num_envs=2, episodes_per_trial=4)
    venv.reset(seed=0, options={"task": {"secret": 1.0}})
    for _ in range(4):
        venv.reset(options={"reset_mask": np.array([False, True])})
    assert told == [(1.0, 1), (0.25, 2), (0.5, 3)]
    assert venv.tasks["secret"].tolist() == [1.0, 1.0]  # the fifth reset began a trial


def test_autoreset_changes_tasks_and_writes_them_into_the_model():
    venv = gym.make_vec(DRIFT, num_envs=4)
    venv.reset(seed=0)
    before = venv.tasks["secret"].copy()
    for _ in range(3):
        *_, infos = venv.step(np.full((4, 1), 0.5, np.float32))
    assert not infos["trial_start"].any()
    assert (venv.tasks["secret"] != before).all()
    assert same_bits(venv._square, venv.tasks["secret"] ** 2)


def test_oracle_observations_show_the_task_in_force():
    venv = VectorOracleObservation(gym.make_vec(DRIFT, num_envs=3, max_episode_steps=2))
    observations, _ = venv.reset(seed=0)
    seen = []
    for _ in range(8):
        before = venv.unwrapped.tasks["secret"].astype(np.float32)
        observations, *_, infos = venv.step(np.full((3, 1), 0.5, np.float32))
        assert same_bits(observations[:, -1], venv.unwrapped.tasks["secret"].astype(np.float32))
        if "final_obs" in infos:
            assert same_bits(infos["final_obs"][:, -1], before)
            seen.append(bool(infos["trial_start"].any()))
    assert False in seen  # tasks changed within a trial


def test_a_state_keeps_the_pin_beside_the_task_in_force():
    venv, other = gym.make_vec(DRIFT, num_envs=2), gym.make_vec(DRIFT, num_envs=2)
    venv.reset(seed=0, options={"task": {"secret": 0.5}})
    venv.reset()
    other.set_state(venv.get_state())
    for one in (venv, other):
        one.reset()
    assert same_bits(venv.tasks, other.tasks)
    for one in (venv, other):
        one.reset()  # a new trial
        assert one.tasks["secret"].tolist() == [0.5, 0.5]
    state = venv.get_state()
    state["clock.tasks.secret"][1] = 0.75  # in the first episode the pin is the task
    with pytest.raises(ValueError, match=r"clock.tasks.secret.*what the row is pinned to"):
        venv.set_state(state)


def test_what_next_task_returns_is_checked():
    class Leaving(Drift):
        def next_task(self, task, episode, rng):
            return {"secret": 1.5}

    venv = Leaving(episodes_per_trial=2)
    venv.reset(seed=0)
    with pytest.raises(
        RuntimeError, match=r"Leaving.next_task .*no valid task: task\['secret'\]=1.5"
    ):
        venv.reset()


def test_environments_of_one_kind_hold_one_distribution():
    env, venv = gym.make(PUSH).unwrapped, gym.make_vec(LAMP, num_envs=3)
    assert env.distribution is env.rows.distribution
    assert {id(one.distribution) for one in venv.envs} == {id(venv.distribution)}
    assert isinstance(env.distribution, TaskDistribution) and env.distribution.family is env.rows
    assert not env.distribution.changes and gym.make_vec(DRIFT).distribution.changes


def test_a_step_stays_inside_and_moves_every_kind_of_key():
    space = spaces.Dict(
        {
            "share": spaces.Box(0.0, 1.0, (3,), np.float64),
            "free": spaces.Box(-np.inf, np.inf, (), np.float64),
            "kind": spaces.Discrete(3, start=1),
            "cells": spaces.MultiDiscrete([1, 2, 9], start=[4, 5, 6]),
        }
    )
    task: Any = {
        "share": np.array([0.0, 0.5, 1.0]),
        "free": np.array(50.0),
        "kind": np.array(1),
        "cells": np.array([4, 5, 6]),
    }
    kept = {key: value.copy() for key, value in task.items()}
    rng = np.random.default_rng(0)
    moved = [step(space, task, 1.0, rng) for _ in range(200)]
    assert same_bits(task, kept)
    assert all(space.contains(one) for one in moved)
    assert {int(one["kind"]) for one in moved} == {1, 2, 3}
    cells = {tuple(one["cells"]) for one in moved}
    assert cells == {(4, 5, 6), (4, 6, 6), (4, 5, 7)}  # one number by 1, the other way at an end
    deviation = np.std([one["share"][1] for one in moved])
    assert 0.08 < deviation < 0.12  # a tenth of the range; standard error 0.005
    assert 4 < np.std([one["free"] for one in moved]) < 6  # of its size, standard error 0.25


def test_a_finite_family_draws_one_of_its_tasks():
    env = gym.make(LAMP, split="train").unwrapped
    rng = np.random.default_rng(0)
    found = {int(env.mutate_task({"switch": 0}, rng)["switch"]) for _ in range(40)}
    assert found == {0, 1, 3}  # 2 is held out


@pytest.mark.parametrize(
    "id", ["meta/TabularMDP-v0", "meta/RandomMaze-v0", "meta/HopperRandParams-v0"]
)
def test_a_mutant_is_near(id):
    env = gym.make(id).unwrapped
    task = env.sample_task(seed=0)
    mutant = env.mutate_task(task, np.random.default_rng(0))
    other = env.sample_task(seed=1)

    def far(one):
        return sum(np.abs(one[key] - task[key]).sum() for key in task)

    assert 0 < far(mutant) < 0.7 * far(other)


def test_a_family_that_refuses_every_step_is_told_what_to_write():
    class OnlyOne(Push):
        def check_task(self, task):
            if task["target"] != 0.25:
                raise ValueError("not a quarter")

    env = OnlyOne(split="all")
    with pytest.raises(RuntimeError, match="not a quarter.*write a mutate_task"):
        env.mutate_task({"target": 0.25}, np.random.default_rng(0))


class NeverChanges(Drift):
    def next_task(self, task, episode, rng):
        return task


class OwnStream(Drift):
    count = 0

    def next_task(self, task, episode, rng):
        self.count += 1
        return {"secret": (task["secret"] + 0.1 * self.count) % 1.0}


class MutatesOutside(Push):
    def mutate_task(self, task, rng):
        return {"target": task["target"] + 2.0}


class MutatesAtRandom(Push):
    def mutate_task(self, task, rng):
        return super().mutate_task(task, np.random.default_rng())


class TakesAnyBank(Judged):
    def check_bank(self, bank):
        pass


class ShowsNoKey(Push):
    start_shows = ("targets",)


class ShowsWord(Push):
    start_shows: Any = "target"


BROKEN: dict[type, tuple[Law, str]] = {
    NeverChanges: (law_changes, "next_task changes no task"),
    OwnStream: (law_changes, "from the same `rng`"),
    MutatesOutside: (law_mutation, "mutate_task returned no valid task"),
    MutatesAtRandom: (law_mutation, "from the same `rng`"),
    TakesAnyBank: (law_bank, "a bank of other inputs was accepted"),
    ShowsNoKey: (law_leak, "start_shows names 'targets'"),
    ShowsWord: (law_leak, "start_shows is 'target'"),
}


def registered(family):
    id = f"changing/{family.__name__}-v0"
    if id not in meta_envs.list_distributions():
        name = f"{__name__}:{family.__name__}"
        meta_envs.register(id, name, episodes_per_trial=2, summary="Breaks", source="tests")
    return id


@pytest.mark.parametrize("family", BROKEN, ids=lambda family: family.__name__)
def test_the_law_catches_it(family):
    law, words = BROKEN[family]
    with pytest.raises(LawBroken) as caught:
        check_law(law, registered(family))
    assert words in str(caught.value)


class ShowsNothing(Push):
    start_shows = ("target",)


def test_a_key_that_is_shown_in_vain_is_named():
    assert check_law(law_leak, registered(ShowsNothing)) == (
        "start_shows names 'target', on which no first observation depended",
    )


def test_a_bank_is_set_in_every_row_and_refused_where_none_is_read():
    env = gym.make(JUDGED).unwrapped
    assert env.bank is env.rows.bank
    before = env.bank.hash
    env.set_bank(judges(seed=1))
    assert env.rows.bank.hash != before
    with pytest.raises(ValueError, match="does not fit: give 5 networks"):
        env.set_bank(judges(size=4))
    with pytest.raises(ValueError, match="Push reads no bank"):
        gym.make_vec(PUSH, num_envs=2).set_bank(judges())
    assert gym.make(PUSH).unwrapped.bank is None
