"""Rewards by discriminators, against sums by hand, over bases of several kinds."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest
from safetensors.numpy import save_file

import meta_envs
from meta_envs.core.names import guarded
from meta_envs.rewards.discriminators import random_bank

POINT = "meta/PointRandomReward-v0"


def arrays(networks=3, inputs=2, skills=4, seed=0):
    draw = np.random.default_rng(seed).standard_normal
    return {
        "layers.0.weight": draw((networks, 5, inputs)),
        "layers.0.bias": draw((networks, 5)),
        "head.logits.weight": draw((networks, skills, 5)),
        "head.logits.bias": draw((networks, skills)),
    }


def paid(parts, network, skill, features):
    """log D(z | s) of one row, by hand."""
    hidden = np.tanh(parts["layers.0.weight"][network] @ features + parts["layers.0.bias"][network])
    logits = parts["head.logits.weight"][network] @ hidden + parts["head.logits.bias"][network]
    return logits[skill] - np.log(np.exp(logits).sum())


@pytest.mark.parametrize("minus_log_p", [False, True])
def test_a_step_pays_the_log_probability_of_the_skill_in_the_state_after_it(minus_log_p):
    parts = arrays()
    venv = gym.make_vec(POINT, num_envs=5, bank=parts, minus_log_p=minus_log_p)
    venv.reset(seed=0)
    venv.action_space.seed(0)
    for _ in range(3):
        observations, rewards, *_ = venv.step(venv.action_space.sample())
        for row in range(5):
            task = {key: int(part[row]) for key, part in venv.tasks.items()}
            wanted = paid(parts, task["discriminator"], task["skill"], observations[row])
            assert rewards[row] == pytest.approx(wanted + minus_log_p * np.log(4), abs=1e-5)


def test_the_base_plays_as_it_does_alone_and_its_own_pay_is_told():
    base = {"bound": 1.0, "terminate": False}
    venv = gym.make_vec(POINT, num_envs=2, base_task={"goal": [0.2, -0.3]})
    alone = gym.make_vec("meta/PointNavigation-v0", num_envs=2, **base)
    venv.reset(seed=0)
    alone.reset(seed=0, options={"task": {"goal": [0.2, -0.3]}})
    for _ in range(30):
        actions = np.full((2, 2), [0.7, -0.4], np.float32)
        observations, _, terminated, _, infos = venv.step(actions)
        wanted, rewards, *_ = alone.step(actions)
        np.testing.assert_array_equal(observations, wanted)
        np.testing.assert_array_equal(infos["base_reward"], rewards)
        assert "success" not in infos and not terminated.any()
    assert observations[0].tolist() == [1.0, -1.0]  # stopped by the walls


def test_what_discriminators_see_is_chosen_by_name():
    both = ("place", "qvel")
    cheetah = {"base": "meta/HalfCheetahVel-v0", "num_envs": 2}
    for features, size, read in (
        ("com", 1, lambda base, shown: base.state["place"]),
        (both, 10, lambda base, shown: np.hstack([base.state[k] for k in both])),
        ("all", 20, lambda base, shown: shown),
    ):
        venv = gym.make_vec("meta/RewardTask-v0", features=features, **cheetah)
        assert venv.bank.inputs == size
        venv.reset(seed=0)
        observations, rewards, *_ = venv.step(venv.action_space.sample())
        wanted = venv.reward_of(read(venv.base, observations), venv.tasks)
        np.testing.assert_array_equal(rewards, wanted)
        venv.close()
    ant = gym.make_vec("meta/AntRandomReward-v0", num_envs=1)
    assert ant.bank.inputs == 2
    ant.close()


def test_discrete_states_are_one_hot():
    venv = gym.make_vec("meta/RewardTask-v0", num_envs=3, base="meta/TabularMDP-v0")
    assert venv.bank.inputs == venv.single_observation_space.n
    venv.reset(seed=0)
    observations, rewards, *_ = venv.step(venv.action_space.sample())
    shown = np.eye(venv.bank.inputs)[observations]
    np.testing.assert_array_equal(rewards, venv.reward_of(shown, venv.tasks))


def test_tasks_are_split_by_discriminators_or_by_skills():
    def seen(split, **kwargs):
        return gym.make_vec(POINT, split=split, **kwargs).tasks_in_split

    train, test = (seen(split, n_discriminators=4, n_skills=3) for split in ("train", "test"))
    assert {int(task["discriminator"]) for task in train} == {0, 2}
    assert {int(task["discriminator"]) for task in test} == {1, 3} and len(test) == 6
    one = seen("test", n_discriminators=1, n_skills=5)
    assert [dict(task) for task in one] == [{"skill": 1}, {"skill": 3}]


def test_random_discriminators_do_not_depend_on_their_number():
    few, many = (random_bank(size, 2, 3, 7, 4.0, 2.0).arrays for size in (2, 5))
    assert all((few[name] == many[name][:2]).all() for name in few)


def test_a_bank_is_replaced_by_one_that_fits(tmp_path):
    save_file(arrays(seed=1), tmp_path / "bank.safetensors")
    venv = gym.make_vec(POINT, num_envs=2, bank=arrays())
    venv.reset(seed=0)
    before = venv.reward_of(np.zeros((2, 2)), venv.tasks)
    venv.set_bank(tmp_path / "bank.safetensors")
    assert (venv.reward_of(np.zeros((2, 2)), venv.tasks) != before).all()
    with pytest.raises(ValueError, match=r"not fit.*'all'.*2 inputs.*4 outputs and 3 networks"):
        venv.set_bank(arrays(skills=5))


def test_bad_input_is_answered(tmp_path):
    (tmp_path / "bank.pkl").write_bytes(pickle.dumps({}))
    for wrong, said in (
        ({"bank": arrays(inputs=3)}, r"3 -> 4.*must take 2 inputs"),
        ({"bank": tmp_path / "bank.pkl"}, "is a pickle"),
        ({"bank": "nosuch"}, "there is no bank"),
        ({"bank": arrays(skills=1)}, "at least 2"),
        ({"features": "com"}, r"PointNavigation has no such feature, only \['all', 'position'\]"),
        ({"features": "positoin"}, "did you mean 'position'"),
        ({"features": ()}, "features is empty"),
        ({"base": "meta/HalfCheetahVel-v0", "features": "xy"}, "Locomotion has no such feature"),
        ({"n_skills": 1}, "n_skills=1"),
        ({"scale": 0.0}, "scale=0.0"),
        ({"base": "CartPole-v1"}, "is not a task distribution"),
        ({"base": "meta/GridNavy-v0"}, "GridNavi"),
        ({"base": None}, "must be the id"),
        ({"base_task": {"goal": [9.0, 0.0]}}, "goal"),
    ):
        with pytest.raises((ValueError, TypeError, OSError, gym.error.Error), match=said):
            gym.make_vec("meta/RewardTask-v0", num_envs=2, **wrong)


def test_images_and_dicts_are_refused():
    class Frames(meta_envs.MetaVectorEnv):
        def __init__(self, **core):
            spaces = gym.spaces
            super().__init__(
                task_space=spaces.Dict({"one": spaces.Discrete(2)}),
                observation_space=spaces.Box(0, 255, (4, 4), np.uint8),
                action_space=spaces.Discrete(2),
                **core,
            )

        draw_task = begin_episodes = step_rows = None

    from meta_envs.rewards.features import Features

    with pytest.raises(TypeError, match=r"Frames shows Box.*takes vectors of floats and Discrete"):
        Features(Frames(), "all")


def test_a_guard_is_asked_about_the_module_of_a_base():
    def refuse(name):
        raise ValueError(f"asked about {name}")

    with guarded(refuse), pytest.raises(ValueError, match="asked about stranger:meta/X-v0"):
        gym.make_vec("meta/RewardTask-v0", base="stranger:meta/X-v0")


def test_pictures_show_the_field_or_the_base():
    venv = gym.make_vec(POINT, num_envs=2, render_mode="rgb_array")
    venv.reset(seed=0, options={"task": {"discriminator": 3, "skill": 1}})
    venv.step(np.ones((2, 2), np.float32))
    first, second = venv.render()
    assert first.shape == second.shape and first.dtype == np.uint8
    assert (first == second).all()
    venv.reset(options={"tasks": [{"discriminator": 3, "skill": k} for k in (1, 2)]})
    first, second = venv.render()
    assert (first != second).any()
