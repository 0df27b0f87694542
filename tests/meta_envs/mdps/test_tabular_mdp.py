"""Random tabular MDPs: the distribution, the dynamics, and the value of knowing the MDP."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/TabularMDP-v0"
_SIGMAS = 4.5  # a correct test fails once in 150,000 runs; the seeds are fixed besides


def batch(num_envs=1, **kwargs) -> Any:
    return gym.make_vec(_ID, num_envs=num_envs, **kwargs)


def near(samples, expected):
    samples = np.ravel(samples)
    return abs(samples.mean() - expected) < _SIGMAS * samples.std(ddof=1) / np.sqrt(len(samples))


def optimal_plan(transitions, rewards, horizon):
    """Return actions [horizon, S] and the value of state 0, by value iteration."""
    value, plan = np.zeros(len(rewards)), []
    for _ in range(horizon):
        action_value = rewards + transitions @ value
        plan.append(action_value.argmax(axis=1))
        value = action_value.max(axis=1)
    return np.array(plan[::-1]), value[0]


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_tasks_follow_the_distribution_in_every_split(split):
    tasks = batch(split=split).sample_tasks(400, seed=1)
    first = tasks["rewards"][:, 0, 0]  # the parameter that splits
    for rewards in (tasks["rewards"], first):
        assert near(rewards, 1.0)
        assert near((rewards - 1.0) ** 2, 1.0)
    assert np.allclose(tasks["transitions"].sum(axis=-1), 1.0)
    assert tasks["transitions"].min() >= 0
    one = tasks["transitions"][:, 0, 0, 3]
    assert near(one, 0.1)
    assert near((one - 0.1) ** 2, 0.1 * 0.9 / 11)  # variance of Dirichlet(1, ..., 1)


def test_splits_share_no_task():
    train, test = batch(split="train").unwrapped, batch(split="test").unwrapped
    for index in range(50):
        task = {key: values[index] for key, values in train.sample_tasks(50, seed=2).items()}
        assert train.in_split(task)
        assert not test.in_split(task)


def test_next_states_and_rewards_follow_the_task():
    rows, steps = 400, 100
    env = batch(rows, states=3, actions=2, horizon=1000)
    transitions = np.array(
        [[[0.2, 0.3, 0.5], [0, 0, 1]], [[1, 0, 0], [0.5, 0.5, 0]], [[0, 1, 0]] * 2]
    )
    task: Any = {"transitions": transitions, "rewards": [[0, 5], [-2, 1], [3, 3]]}
    env.set_tasks([task] * rows)
    states, _ = env.reset(seed=3)
    actions = np.random.default_rng(0).integers(2, size=(steps, rows))
    seen: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for action in actions:
        reached, rewards, _, _, infos = env.step(action)
        assert np.array_equal(infos["expected_reward"], np.array(task["rewards"])[states, action])
        for row in range(rows):
            pair = (int(states[row]), int(action[row]))
            seen.setdefault(pair, []).append((int(reached[row]), float(rewards[row])))
        states = reached
    assert len(seen) == 6
    for (state, action), outcomes in seen.items():
        nexts, paid = (np.array(one) for one in zip(*outcomes, strict=True))
        noise = paid - task["rewards"][state][action]
        assert near(noise, 0.0)
        assert near(noise**2, 1.0)
        for goal, chance in enumerate(transitions[state, action]):
            if chance in (0.0, 1.0):
                assert (nexts == goal).mean() == chance
            else:
                assert near(nexts == goal, chance)


def test_an_episode_terminates_at_the_horizon_and_a_trial_has_ten():
    env = batch(2)
    env.reset(seed=0)
    first = env.tasks["rewards"].copy()
    for step in range(1, 101):
        states, _, terminated, truncated, infos = env.step(np.array([0, 1]))
        assert terminated.all() == terminated.any() == (step % 10 == 0)
        assert not truncated.any()
        assert infos["trial_start"].all() == infos["trial_start"].any() == (step == 100)
        assert np.array_equal(env.tasks["rewards"], first) == (step < 100)
        if step % 10 == 0:
            assert (states == 0).all()


def test_knowing_the_mdp_is_worth_21_885_an_episode():
    rows = 2000
    env = batch(rows, split="test")
    states, _ = env.reset(seed=4)
    pairs = zip(env.tasks["transitions"], env.tasks["rewards"], strict=True)
    plans, values = zip(*(optimal_plan(*pair, 10) for pair in pairs), strict=True)
    actions = np.array(plans)
    expected, returns = np.zeros(rows), np.zeros(rows)
    for step in range(10):
        chosen = actions[np.arange(rows), step, states]
        states, rewards, terminated, _, infos = env.step(chosen)
        expected += infos["expected_reward"]
        returns += rewards
    assert terminated.all()
    assert near(returns - expected, 0.0)
    assert near(expected - np.array(values), 0.0)
    # The reference was computed on 1,000 MDPs, so it has an error of its own, as large as here.
    error = np.std(values) * np.sqrt(1 / rows + 1 / 1000)
    assert error < 0.1
    assert abs(np.mean(values) - 21.885) < _SIGMAS * error


def good_task():
    return {"transitions": np.full((2, 2, 2), 0.5), "rewards": np.zeros((2, 2))}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("transitions", np.full((2, 2, 2), 0.4), r"transitions'\]\[0, 0\] sums to 0.8"),
        ("transitions", [[[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.7, 0.2]]], r"\[1, 1\] sums"),
        ("transitions", np.full((2, 2, 2), 1.5), r"outside \[0.0, 1.0\]"),
        ("transitions", np.full((2, 2, 3), 1 / 3), "shape"),
        ("rewards", [[0.0, np.inf], [0.0, 0.0]], r"rewards'\]\[0, 1\]=inf is not finite"),
        ("rewards", [[0.0, np.nan], [0.0, 0.0]], "rewards"),
    ],
)
def test_a_task_that_is_no_mdp_is_refused(key, value, words):
    env: Any = gym.make(_ID, states=2, actions=2).unwrapped
    env.set_task(good_task())
    with pytest.raises(ValueError, match=words):
        env.set_task({**good_task(), key: value})


@pytest.mark.parametrize("wrong", [{"states": 1}, {"actions": 1}, {"horizon": 0}, {"states": 2.5}])
def test_bad_arguments_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        gym.make(_ID, **wrong)
