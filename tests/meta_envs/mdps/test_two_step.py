"""The two-step task: its chances, its rounds, and what a Bayes filter earns in it."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.mdps.two_step import stay_probabilities

_ID = "meta/TwoStep-v0"
_SIGMAS = 4.5


def batch(num_envs, **kwargs) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def near(samples, expected):
    samples = np.ravel(samples)
    return abs(samples.mean() - expected) < _SIGMAS * samples.std(ddof=1) / np.sqrt(len(samples))


class BayesFilter:
    """Track the chance that S1 is good, and go where the good state more likely is."""

    def __init__(self, rows, p_reward=0.9, p_switch=0.025):
        self.belief, self.p_reward, self.p_switch = np.full(rows, 0.5), p_reward, p_switch

    def choose(self):
        return (self.belief < 0.5).astype(np.int64)

    def learn(self, second, reward):
        chance_if_first = np.where((second == 1) == (reward > 0), self.p_reward, 1 - self.p_reward)
        first = self.belief * chance_if_first
        belief = first / (first + (1 - self.belief) * (1 - chance_if_first))
        self.belief = belief * (1 - self.p_switch) + (1 - belief) * self.p_switch


def play(env, choose, learn=lambda second, reward: None, seed=0):
    """Play one episode; return choices, commonness, rewards and expectations [N, rounds]."""
    env.reset(seed=seed)
    rounds = []
    for _ in range(env.rounds):
        chosen = choose()
        second, rewards, terminated, _, infos = env.step(chosen)
        common = infos["common"]
        if env.second_stage:
            assert (rewards == 0).all()
            assert (infos["expected_reward"] == 0).all()
            _, rewards, terminated, _, infos = env.step(np.zeros(env.num_envs, dtype=np.int64))
            assert np.array_equal(infos["common"], common)
        else:
            second = np.where(terminated, infos.get("final_obs", second), second)
        assert np.array_equal(second == 1 + chosen, common)
        learn(second, rewards)
        rounds.append((chosen, common, rewards, infos["expected_reward"]))
    assert terminated.all()
    return tuple(np.stack(one, axis=1) for one in zip(*rounds, strict=True))


@pytest.mark.parametrize("second_stage", [True, False])
def test_the_bayes_filter_earns_its_known_value_and_shows_the_interaction(second_stage):
    rows = 4000
    env = batch(rows, second_stage=second_stage)
    bayes = BayesFilter(rows)
    actions, common, rewards, expected = play(env, bayes.choose, bayes.learn)
    per_round = expected.mean(axis=1)
    assert per_round.std() / np.sqrt(rows) < 0.001
    assert near(per_round, 0.7066)
    assert near((rewards - expected).mean(axis=1), 0.0)
    stay = stay_probabilities(actions, common, rewards > 0)
    assert stay["rewarded_common"] - stay["rewarded_rare"] > 0.3
    assert stay["unrewarded_rare"] - stay["unrewarded_common"] > 0.3


def test_random_choices_earn_half_and_the_informed_ones_74_percent():
    rows, random = 2000, np.random.default_rng(0)
    env = batch(rows)
    *_, expected = play(env, lambda: random.integers(2, size=rows))
    assert near(expected.mean(axis=1), 0.5)
    actions, common, rewards, expected = play(env, lambda: env.state["good"].copy(), seed=1)
    assert near(expected.mean(axis=1), 0.8 * 0.9 + 0.2 * 0.1)
    assert near(common.mean(axis=1), 0.8)
    stay = stay_probabilities(actions, common, rewards > 0)
    assert all(abs(chance - 0.975) < 0.01 for chance in stay.values())


@pytest.mark.parametrize("good", [0, 1])
def test_with_certain_chances_the_task_alone_decides(good):
    env = batch(6, p_common=1.0, p_reward=1.0, p_switch=0.0, rounds=5)
    env.set_tasks([{"good": good}] * 6)
    _, common, rewards, expected = play(env, lambda: np.array([0, 1] * 3))
    assert common.all()
    assert np.array_equal(rewards, expected)
    assert np.array_equal(rewards, np.tile([[1.0 - good], [good]], (3, 5)))


def test_the_good_state_changes_from_the_second_round_on():
    env = batch(4, p_common=1.0, p_reward=1.0, p_switch=1.0, rounds=6)
    env.set_tasks([{"good": 0}] * 4)
    _, _, rewards, _ = play(env, lambda: np.zeros(4, dtype=np.int64))
    assert np.array_equal(rewards, np.tile([1.0, 0.0], (4, 3)))


def test_the_good_state_changes_as_often_as_told():
    rows = 1000
    env = batch(rows, second_stage=False)
    env.reset(seed=2)
    good = [env.state["good"].copy()]
    assert near(good[0], 0.5)
    for _ in range(99):
        env.step(np.zeros(rows, dtype=np.int64))
        good.append(env.state["good"].copy())
    changed = np.diff(np.stack(good, axis=1), axis=1) != 0
    assert near(changed.mean(axis=1), 0.025)


def test_what_is_done_in_the_second_stage_changes_nothing():
    one, other = batch(8), batch(8)
    one.reset(seed=5)
    other.reset(seed=5)
    random = np.random.default_rng(0)
    for step in range(400):  # two episodes, and so two trials
        action = random.integers(2, size=8)
        ours = one.step(action)
        theirs = other.step(action if step % 2 == 0 else 1 - action)
        for ours_part, theirs_part in zip(ours[:4], theirs[:4], strict=True):
            assert np.array_equal(ours_part, theirs_part)
        assert ours[2].all() == ours[2].any() == (step % 200 == 199)


def test_rows_may_be_in_different_stages():
    env = batch(2, p_common=1.0)
    env.reset(seed=0)
    env.step(np.array([0, 1]))
    env.reset(options={"reset_mask": np.array([True, False])})
    observations, rewards, *_, infos = env.step(np.array([1, 0]))
    assert observations.tolist() == [2, 0]
    assert rewards[0] == infos["expected_reward"][0] == 0
    assert infos["expected_reward"][1] in (0.9, pytest.approx(0.1))


def test_stay_probabilities_by_hand():
    actions = [[0, 0, 1, 1, 1, 0], [1, 1, 0, 0, 1, 1]]
    common = [[1, 1, 0, 1, 0, 1], [1, 0, 0, 1, 1, 0]]
    rewarded = [[1, 0, 1, 0, 0, 1], [1, 0, 0, 0, 1, 1]]
    stay = stay_probabilities(np.array(actions), np.array(common), np.array(rewarded))
    assert stay == {
        "rewarded_common": 1.0,  # 0->0, 1->1, 1->1
        "rewarded_rare": 1.0,  # 1->1
        "unrewarded_common": pytest.approx(1 / 3),  # 0->1, 1->1, 0->1
        "unrewarded_rare": pytest.approx(1 / 3),  # 1->0, 1->0, 0->0
    }
    never = stay_probabilities(np.zeros(3), np.ones(3), np.ones(3))
    assert never["rewarded_common"] == 1.0
    assert np.isnan(never["unrewarded_rare"])


@pytest.mark.parametrize("shape", [(), (1,), (5, 1)])
def test_stay_probabilities_need_two_rounds(shape):
    with pytest.raises(ValueError, match="two rounds"):
        stay_probabilities(np.zeros(shape), np.zeros(shape), np.zeros(shape))


def test_stay_probabilities_need_equal_shapes():
    with pytest.raises(ValueError, match="differ in shape"):
        stay_probabilities(np.zeros(4), np.zeros(4), np.zeros(3))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"p_common": 1.2}, "p_common=1.2"),
        ({"p_reward": -0.1}, "p_reward=-0.1"),
        ({"p_switch": float("nan")}, "p_switch=nan"),
        ({"p_switch": "often"}, "p_switch='often'"),
        ({"rounds": 0}, "rounds=0"),
        ({"second_stage": "no"}, "second_stage='no'"),
        ({"split": "test"}, "holds no tasks out"),
    ],
)
def test_bad_arguments_are_refused_by_name(wrong, words):
    with pytest.raises(ValueError, match=words):
        gym.make(_ID, **wrong)


def test_a_task_out_of_range_is_refused():
    env: Any = gym.make(_ID).unwrapped
    assert [int(task["good"]) for task in env.tasks_in_split] == [0, 1]
    with pytest.raises(ValueError, match=r"'good'\]=2 is outside \[0, 1\]"):
        env.set_task({"good": 2})
