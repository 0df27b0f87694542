"""TwoColours: what is seen, what pays, when the colours change over, where they reappear."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

ID = "meta/TwoColours-v0"
UP, RIGHT, DOWN, LEFT = range(4)


def places(seen) -> np.ndarray:
    """Return x, y of agent, blue and red, [R, 3, 2], from observations [R, 30]."""
    parts = seen.reshape(len(seen), 3, 2, 5)
    assert (parts.sum(axis=-1) == 1).all()
    return parts.argmax(axis=-1)


def put(venv, agent, blue, red) -> None:
    venv.state["cells"][:] = [x * 5 + y for x, y in (agent, blue, red)]


def batch(rows=1, paying=0, seed=0, **kwargs) -> Any:
    venv: Any = gym.make_vec(ID, num_envs=rows, **kwargs)
    venv.reset(seed=seed, options={"task": {"paying": paying}})
    return venv


def test_moves_borders_and_the_cost_of_a_step():
    venv = batch()
    put(venv, (0, 4), (4, 4), (4, 0))
    ways = [(UP, (0, 4)), (LEFT, (0, 4)), (RIGHT, (1, 4)), (DOWN, (1, 3)), (LEFT, (0, 3))]
    for action, place in ways:
        seen, rewards, terminated, truncated, _ = venv.step([action])
        assert places(seen)[0].tolist() == [list(place), [4, 4], [4, 0]]
        assert (rewards[0], terminated[0], truncated[0]) == (-0.04, False, False)


@pytest.mark.parametrize("paying", [0, 1])
def test_a_touched_colour_reappears_in_a_free_cell_and_the_agent_stays(paying):
    venv = batch(690, paying)
    put(venv, (0, 0), (1, 0), (3, 3))  # blue is to the right of the agent
    seen, rewards, *_ = venv.step(np.full(690, RIGHT))
    now = places(seen)
    assert (rewards == (-1 if paying else 1)).all()
    assert (now[:, 0] == [1, 0]).all()
    assert (now[:, 2] == [3, 3]).all()
    counts = np.bincount(now[:, 1] @ [5, 1], minlength=25)
    assert counts[5] == counts[18] == 0  # the agent's cell, and red's
    free = np.delete(counts, [5, 18])  # 23 cells, 30 expected in each
    assert ((free - 30) ** 2 / 30).sum() < 22 + 4.5 * np.sqrt(2 * 22)
    put(venv, (3, 2), (0, 0), (3, 3))
    _, rewards, *_ = venv.step(np.full(690, UP))
    assert (rewards == (1 if paying else -1)).all()


def test_the_colours_change_over_by_the_number_of_steps():
    venv = batch(2, switch_every=3)
    paid, said = [], []
    for _ in range(13):
        put(venv, (0, 0), (1, 0), (3, 3))
        _, rewards, *_, infos = venv.step([RIGHT, UP])
        paid.append(rewards[0])
        said.append(infos["paying"][1])
    assert paid == [1] * 3 + [-1] * 3 + [1] * 3 + [-1] * 3 + [1]
    assert said == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3 + [0]
    assert gym.make(ID).unwrapped.switch_every == 100_000


def test_a_life_goes_on_where_an_episode_was_cut_until_the_trial_ends():
    cut = batch(4, switch_every=7, max_episode_steps=5, episodes_per_trial=3)
    whole = batch(4, switch_every=7, max_episode_steps=None)
    actions = np.random.default_rng(0).integers(4, size=(15, 4))
    for step, action in enumerate(actions, 1):
        seen, rewards, _, truncated, infos = cut.step(action)
        other, paid, *_ = whole.step(action)
        assert np.array_equal(rewards, paid)
        assert truncated.all() == (step % 5 == 0)
        if step == 15:  # another life
            assert infos["trial_start"].all()
            assert (cut.state["age"] == 0).all()
            seen = infos["final_obs"]
        assert np.array_equal(seen, other)


def test_a_state_resumes_in_mid_life():
    venv, other = batch(3, switch_every=4), batch(3, switch_every=4, seed=9)
    actions = np.random.default_rng(0).integers(4, size=(30, 3))
    for action in actions[:10]:
        venv.step(action)
    other.set_state(venv.get_state())
    for action in actions[10:]:
        one, two = venv.step(action), other.step(action)
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])
    state = venv.get_state()
    state["state.cells"][2, 1] = state["state.cells"][2, 2]
    with pytest.raises(ValueError, match=r"state.cells'\]\[2\]\[1\]=\d+ must be another cell"):
        other.set_state(state)


def test_first_places_are_all_different_and_uniform():
    venv = batch(750)
    now = places(venv.reset(seed=1)[0]) @ [5, 1]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (now[:, one] != now[:, other]).all()
    for column in now.T:
        counts = np.bincount(column, minlength=25)
        assert ((counts - 30) ** 2 / 30).sum() < 24 + 4.5 * np.sqrt(2 * 24)
