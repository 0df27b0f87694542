"""Tasks of an iteration in equal numbers."""

from collections import Counter

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401  registers the ids
from agents import RL2, ProMP
from agents.core.play.balance import balanced_tasks
from agents.core.play.trials import TrialCollector


def _directions(num_envs: int = 1):
    return gym.make_vec("meta/HalfCheetahDir-v0", num_envs=num_envs)


@pytest.mark.parametrize("count", [8, 9])
def test_kinds_are_equally_frequent_and_in_random_order(count):
    """Every draw has as many of each, whatever its seed; what is left over varies."""
    venv = _directions()
    draws = [balanced_tasks(venv, "direction", count, seed)["direction"] for seed in range(20)]
    for drawn in draws:
        assert sorted(Counter(drawn.tolist()).values()) == [count // 2, count - count // 2]
    assert len({tuple(drawn.tolist()) for drawn in draws}) > 10
    if count % 2:
        assert len({float(np.sign(drawn.sum())) for drawn in draws}) == 2
    again = balanced_tasks(venv, "direction", count, 3)["direction"]
    assert (again == draws[3]).all()


def test_an_iteration_plays_whole_trials_of_balanced_tasks_and_leaves_no_pins():
    """The rows keep their task for all episodes of the trial; afterwards they draw freely."""
    agent = RL2("GruPolicy", "meta/GridNavi-v0", n_envs=16, balance="goal", preset=None, seed=0)
    collector = TrialCollector(agent.venv, 1, with_tasks=True, balance="goal")
    trials = collector.collect(agent.inner_loop(agent.venv, seed=1), 2, lambda count: True)
    assert trials is not None and trials.tasks is not None
    assert (trials.tasks == trials.tasks[:1]).all()
    assert trials.tasks.shape[0] == 60
    kinds = Counter(tuple(task) for task in trials.tasks[0].tolist())
    assert len(kinds) == len(agent.venv.unwrapped.tasks_in_split) == 16
    agent.venv.reset(seed=5)
    plain = gym.make_vec("meta/GridNavi-v0", num_envs=16)
    plain.reset(seed=5)
    assert (agent.venv.tasks["goal"] == plain.tasks["goal"]).all()


def test_gradient_learners_balance_the_tasks_of_a_round():
    """Half the tasks of a round run forwards, half backwards."""
    agent = ProMP(
        "MlpPolicy",
        "meta/HalfCheetahDir-v0",
        n_envs=12,
        rows_per_task=2,
        env_kwargs={"max_episode_steps": 3},
        balance="direction",
        preset=None,
        seed=0,
    )
    seen: list[np.ndarray] = []
    step = agent.venv.step

    def watched(actions):
        seen.append(agent.venv.tasks["direction"].copy())
        return step(actions)

    agent.venv.step = watched
    agent.learn(72)
    assert len(seen) == 6 and all(one.sum() == 0 for one in seen)
    assert all((one[0::2] == one[1::2]).all() for one in seen)


@pytest.mark.parametrize(
    ("env_id", "key", "message"),
    [
        ("meta/HalfCheetahDir-v0", "velocity", r"not a quantity of these tasks.*\['direction'\]"),
        ("meta/HalfCheetahVel-v0", "velocity", "needs a split that is a list"),
    ],
)
def test_what_cannot_be_balanced_is_refused(env_id, key, message):
    """By name, when the agent is made."""
    for algorithm, policy in ((RL2, "GruPolicy"), (ProMP, "MlpPolicy")):
        with pytest.raises(ValueError, match=message):
            algorithm(policy, env_id, n_envs=20, balance=key, preset=None)


def test_rows_that_play_several_trials_are_refused():
    """A pin holds for all trials of a row, so that they would all have one task."""
    with pytest.raises(ValueError, match="n_trials=1, not 2"):
        RL2("GruPolicy", "meta/GridNavi-v0", balance="goal", n_trials=2, n_envs=4, preset=None)
