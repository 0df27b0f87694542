"""The one step: what players hand on, in which order, and what they do without autoreset."""

import gymnasium as gym
import numpy as np
import pytest

from agents import Player, Step
from agents.core.play.player import StoppedError
from agents.core.play.rounds import rounds
from agents.core.play.unrolls import unroll
from tests.agents import toys  # noqa: F401  registers toy/...
from tests.agents.core.inner_loops import Constant, Recorder

LENGTHS = "toy/Lengths-v0"  # episodes of 1 to 7 steps


def player_of(num_envs=4, rows_per_task=1, **more):
    venv = gym.make_vec(LENGTHS, num_envs=num_envs)
    loop = Recorder(venv, rows_per_task)
    one = Player(venv, loop, **more)
    one.reset(seed=3)
    return one, loop


def test_a_step_knows_where_an_episode_ended():
    step = Step(None, np.zeros(3), np.ones(3), np.array([1, 0, 0]) > 0, np.array([0, 1, 0]) > 0, 0)
    assert step.ended.tolist() == [True, True, False]
    assert step.count == 3 and step.infos == {}


def test_the_loop_observes_the_same_step_as_the_caller_and_before_callbacks():
    order = []
    one, loop = player_of(on_step=lambda step: order.append(len(loop.named("observe"))) or True)
    rows = np.array([1, 3])
    step = one.step(rows)
    (_, shown), (at, seen) = loop.named("act")[0], loop.named("observe")[0]
    assert order == [1] and at == [1, 3] and step.count == 2
    np.testing.assert_array_equal(shown["observation"], step.observation)
    for name in ("action", "reward", "ended", "next_observation"):
        np.testing.assert_array_equal(seen[name], getattr(step, name))


def test_a_callback_that_says_no_stops_with_an_error():
    one, _ = player_of(on_step=lambda step: False)
    with pytest.raises(StoppedError):
        one.step()


def test_without_autoreset_the_last_observation_stays():
    venv = gym.make_vec("meta/GridNavi-v0", num_envs=1)
    one = Player(venv, Constant(venv), autoreset=False)
    one.reset(seed=0)
    steps = list(unroll(one, 15))
    assert [step.ended[0] for step in steps] == [False] * 14 + [True]
    np.testing.assert_array_equal(one.observations, steps[-1].next_observation)
    one.reset()
    assert not one.step().ended[0]


def test_unrolls_go_through_the_ends_of_episodes():
    one, loop = player_of()
    steps = list(unroll(one, 14))
    assert len(steps) == 14 == len(loop.named("observe"))
    assert sum(step.ended.sum() for step in steps) >= 8  # 4 rows, episodes of at most 7 steps


def test_rounds_wait_for_the_rows_of_a_task():
    one, _ = player_of(num_envs=6, rows_per_task=3)
    one.venv.set_tasks({"length": np.array([1, 2, 4, 3, 3, 1])})
    one.reset(seed=3)
    begun = np.full(6, -1)
    ends = np.zeros((6, 3), dtype=int)
    for step, rows, episode in rounds(one, 3, rows_per_task=3):
        for row, number in zip(rows, episode, strict=True):
            if number > begun[row]:  # nobody of its task is behind
                first = row // 3 * 3
                assert (ends[first : first + 3, :number] == 1).all()
                begun[row] = number
        ends[rows[step.ended], episode[step.ended]] += 1
    assert (ends == 1).all()


@pytest.mark.parametrize("rows_per_task", [1, 3])
def test_trials_stand_still_in_rows_that_wait(rows_per_task):
    """What changes from episode to episode changes once an episode, however rows are grouped."""
    venv = gym.make_vec("toy/Lengths-v0", num_envs=6, episodes_per_trial=4)
    venv.set_tasks({"length": np.array([1, 2, 4, 3, 3, 1])})
    one = Player(venv, Recorder(venv, rows_per_task))
    one.reset(seed=3)
    for step, rows, episode in rounds(one, 4, rows_per_task):
        inside = ~step.ended
        begun = venv.unwrapped._clock.episode[rows[inside]]
        np.testing.assert_array_equal(begun, episode[inside] + 1)
    thrusters = gym.make_vec("meta/Thrusters-v0", num_envs=3, max_episode_steps=2)
    one = Player(thrusters, Recorder(thrusters, rows_per_task))
    one.reset(seed=3)
    left = np.zeros((3, 7))
    for step, rows, episode in rounds(one, 7, rows_per_task):
        inside = ~step.ended
        left[rows[inside], episode[inside]] = thrusters.tasks["factor"][rows[inside]]
    np.testing.assert_allclose(left, np.broadcast_to(np.linspace(1, 0, 7), (3, 7)), atol=1e-9)


def test_a_learner_that_cannot_be_conditioned_says_so():
    with pytest.raises(NotImplementedError, match="cannot be shown demonstrations.*Constant"):
        Constant(gym.make_vec(LENGTHS, num_envs=1)).condition([[]])
