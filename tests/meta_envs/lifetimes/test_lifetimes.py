"""Catch, RandomWalk, NoisyChain and SwitchingMDPs: answers that are known; pictures of lives."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.lifetimes.history import Histories


def batch(name, rows=1, task=None, seed=0, **kwargs) -> Any:
    venv: Any = gym.make_vec(f"meta/{name}-v0", num_envs=rows, **kwargs)
    venv.reset(seed=seed, options={} if task is None else {"task": task})
    return venv


def waits(venv, count):
    for _ in range(count):
        yield venv.step(np.zeros(venv.num_envs, dtype=int))


@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("mirrored", [0, 1])
def test_whoever_follows_the_ball_catches_every_one(mirrored, pixels):
    venv = batch("Catch", 200, {"mirrored": mirrored}, pixels=pixels)
    seen, _ = venv.reset(seed=2)
    assert seen.shape[1:] == ((80, 40, 1) if pixels else (50,))
    assert set(np.unique(seen).tolist()) == ({0, 255} if pixels else {0, 1})
    total = np.zeros(200)
    for step in range(1, 10):
        board = seen[:, ::8, ::8, 0] if pixels else seen.reshape(200, 10, 5)
        assert (board.reshape(200, -1).astype(bool).sum(axis=1) == 2).all()
        side = np.sign(board[:, step - 1].argmax(axis=1) - board[:, -1].argmax(axis=1))
        seen, rewards, terminated, _, infos = venv.step(side * (-1 if mirrored else 1) + 1)
        total += rewards
        assert terminated.all() == (step == 9)
    assert (total == 1).all()
    assert infos["success"].all()
    assert set(venv.state["column"].tolist()) == set(range(5))  # of the next balls


def test_a_paddle_that_stays_catches_one_ball_in_five():
    venv = batch("Catch", 200)
    paid = np.array([venv.step(np.ones(200, dtype=int))[1] for _ in range(9 * 15)])
    last = paid[8::9]
    assert abs((last == 1).mean() - 0.2) < 4.5 * np.sqrt(0.16 / 3000)
    assert (np.abs(last) == 1).all()
    assert np.count_nonzero(paid) == last.size


@pytest.mark.parametrize("size", [10, (1, 5), (10, 0), (3, 3, 3)])
def test_a_board_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="size"):
        batch("Catch", size=size)


@pytest.mark.parametrize("paying", [0, 1])
def test_values_of_the_random_walk_are_sixths_and_what_play_earns(paying):
    venv = batch("RandomWalk", 500, {"paying": paying})
    sixths = np.arange(1, 6) / 6
    values = sixths if paying else sixths[::-1]
    assert np.allclose(venv.state_values(), values)
    for start in (0, 3):
        venv.reset()
        venv.state["place"][:] = start + 1
        first = np.full(500, np.nan)
        for _, rewards, terminated, *_ in waits(venv, 200):
            first = np.where(np.isnan(first) & terminated, rewards, first)
        p = values[start]
        assert abs(first.mean() - p) < 4.5 * np.sqrt(p * (1 - p) / 500)


def test_rewards_flip_with_the_episodes_of_a_trial():
    venv = batch("RandomWalk", task={"paying": 1}, flip_every=2, states=1, episodes_per_trial=7)
    pays, trials = [], []
    for *_, terminated, _, infos in waits(venv, 14):
        assert terminated[0]  # from the only state
        pays.append(infos["pays"][0])
        trials.append(infos["trial_start"][0])
    assert pays == [1, 1, -1, -1, 1, 1, -1] * 2
    assert [index for index, started in enumerate(trials, 1) if started] == [7, 14]


def test_rewards_drift_between_episodes_within_bounds_and_begin_anew():
    venv = batch("RandomWalk", 50, drift=0.5, states=1, episodes_per_trial=40)
    pays = np.array([infos["pays"] for *_, infos in waits(venv, 80)])
    assert (pays[[0, 40]] == 1).all()
    assert np.abs(pays).max() <= 1
    steps = np.abs(np.diff(pays[:40], axis=0))
    assert 0.2 < steps.mean() < 0.5  # E|N(0, .5)| = .4, less what is reflected
    with pytest.raises(ValueError, match="states=4 has no middle"):
        batch("RandomWalk", states=4)


def test_the_chain_pays_its_signal_and_noise_where_it_says():
    venv = batch("NoisyChain", 200, {"disturbed": 0})
    assert np.allclose(venv.expected_rewards().sum(axis=1), 0.5)
    played = [(step[0][0], step[1]) for step in waits(venv, 10)]
    paid = np.array([rewards for _, rewards in played])  # [10, 200]
    assert (paid[1::2] == 0.1).all()
    noise = paid[::2]
    assert abs(noise.mean()) < 4.5 / np.sqrt(1000)
    assert abs(noise.std() - 1) < 4.5 / np.sqrt(2 * 1000)
    assert [seen for seen, _ in played] == [*range(1, 10), 0]  # autoreset after the end


@pytest.mark.parametrize(("disturbed", "shown"), [(0, [0, 1, 0, 3, 0]), (1, [0, 1, 2, 1, 4])])
def test_disturbed_states_of_the_second_chain_look_alike(disturbed, shown):
    venv = batch("NoisyChain", 200, {"disturbed": disturbed}, chain="lambda", length=5)
    seen, states, rewards = [0], [], []
    for observation, paid, ended, _, infos in waits(venv, 5):
        seen.append(int(infos["final_obs"][0] if ended[0] else observation[0]))
        states.append(int(infos["final_info"]["state"][0] if ended[0] else infos["state"][0]))
        rewards.append(paid)
    assert seen == [*shown, 5]
    assert states == list(range(5))
    assert abs(np.mean(rewards) - 0.1) < 4.5 / np.sqrt(1000)


def test_a_library_is_known_by_its_number_and_switched_in_time():
    venv = batch("SwitchingMDPs", 2, {"library": 6}, mdps=3, switch_every=5, max_episode_steps=7)
    for one, other in zip(venv.tables(6, 1), venv.tables(6, 1), strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(venv.tables(6, 1)[1], venv.tables(6, 2)[1])
    assert not np.array_equal(venv.tables(6, 1)[1], venv.tables(7, 1)[1])
    played, state = [], np.zeros(2, dtype=int)
    for step in range(60):  # through cuts
        actions = np.array([step % 5, 2])
        seen, rewards, *_, infos = venv.step(actions)
        for row in range(2):
            told = infos["final_info"] if step % 7 == 6 else infos
            pays = venv.tables(6, told["mdp"][row])[1]
            assert rewards[row] == pays[state[row], actions[row]]
        state = seen.copy()
        played.append(told["mdp"].tolist())
    in_force = np.array(played).reshape(12, 5, 2)
    assert (in_force == in_force[:, :1]).all()  # the same for five steps
    assert (in_force[0] == 0).all()
    assert (in_force[1:, 0] != in_force[:-1, 0]).all()  # and then another
    assert set(in_force.ravel().tolist()) == {0, 1, 2}


def test_transitions_are_those_of_the_table():
    venv = batch("SwitchingMDPs", 50, {"library": 1}, states=3, actions=2)
    expected = venv.tables(1, 0)[0][0, 1]
    reached = []
    for _ in range(40):
        venv.state["state"][:] = 0
        reached.append(venv.step(np.ones(50, dtype=int))[0])
    shares = np.bincount(np.ravel(reached), minlength=3) / 2000
    assert (np.abs(shares - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 2000)).all()


def test_a_state_brings_the_mdps_in_force_back():
    venv, other = (batch("SwitchingMDPs", 4, seed=seed, switch_every=3) for seed in (1, 2))
    actions = np.random.default_rng(0).integers(5, size=(30, 4))
    for action in actions[:10]:
        venv.step(action)
    other.set_state(venv.get_state())
    for action in actions[10:]:
        one, two = venv.step(action), other.step(action)
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])


def test_a_history_of_any_length_is_averages_of_equal_parts():
    kept = Histories(2)
    values = np.arange(1000.0)
    for value in values:
        kept.add(np.array([value, -value]))
    history = kept.of(0)
    assert history.each == 8
    assert np.array_equal(history.means, values.reshape(-1, 8).mean(axis=1))
    assert (history.total, kept.of(1).total) == (499500, -499500)
    kept.begin(np.array([0]))
    assert len(kept.of(0).means) == 0
    assert len(kept.of(1).means) == 125


@pytest.mark.parametrize(
    "name", ["TwoColours", "Catch", "RandomWalk", "NoisyChain", "SwitchingMDPs"]
)
def test_pictures_show_steps_rewards_and_what_a_learner_reports(name):
    venv = batch(name, 2, render_mode="rgb_array")
    seen = [venv.render()[0]]
    for size in (0.1, 0.3, np.nan):
        for _ in waits(venv, 12):
            pass
        seen.append(venv.render()[0])
        venv.show_figures({"discount": np.array([size, 0.5])})
        seen.append(venv.render()[0])
    pictures = [picture.tobytes() for picture in seen]
    assert len(set(pictures[:-1])) == len(pictures) - 1
    assert pictures[-1] == pictures[-2]  # not a number
    assert len({picture.shape for picture in seen}) == 1
