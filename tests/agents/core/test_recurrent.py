"""The inner loop of recurrent agents: rows, resets, freezing and randomness."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import Step
from agents.core.nets.recurrent_policy import GruPolicy, LstmPolicy
from agents.core.play.recurrent import RecurrentInnerLoop

torch.set_num_threads(1)

OBSERVATION = spaces.Box(-1.0, 1.0, (3,), np.float32)
DISCRETE, BOX = spaces.Discrete(4, start=2), spaces.Box(-1.0, 1.0, (2,), np.float32)
N = 6
KINDS = [(GruPolicy, DISCRETE, False), (LstmPolicy, DISCRETE, True), (GruPolicy, BOX, False)]
KIND_NAMES = ["gru discrete", "lstm discrete, two networks", "gru box"]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)


def make_policy(kind):
    policy_class, actions, separate = kind
    with torch.random.fork_rng():
        torch.manual_seed(0)
        policy: Any = policy_class(
            OBSERVATION, actions, embedding_sizes=(), hidden_size=5, separate_value=separate
        )
        with torch.no_grad():
            (policy.head.means if actions is BOX else policy.head.logits).weight.mul_(100)
    return policy


def make_loop(kind, rows=N, seed=7, rows_per_task=1):
    space = SimpleNamespace(
        num_envs=rows, single_observation_space=OBSERVATION, single_action_space=kind[1]
    )
    return RecurrentInnerLoop(make_policy(kind), space, rows_per_task, seed)


class World:
    """What N rows see at each step, the same whoever plays; an episode lasts `length` steps."""

    def __init__(self, length=3, seed=0):
        rng = np.random.default_rng(seed)
        self.seen = rng.uniform(-1, 1, (40, N, 3)).astype(np.float32)
        self.rewards = rng.standard_normal((40, N))
        self.length = length


def play(loop, world, steps, rows=None, deterministic=False, first=0):
    """Play steps `first`... of the world; return the actions [T, R, ...] and values [T, R]."""
    where = np.arange(loop.num_rows) if rows is None else rows
    actions, values = [], []
    for step in range(first, first + steps):
        shown = world.seen[step][where]
        acted = loop.act(shown, rows, deterministic)
        actions.append(acted)
        values.append(loop.last["values"].numpy().copy())
        ended = np.full(len(where), (step + 1) % world.length == 0)
        never = np.zeros(len(where), dtype=bool)
        reward = world.rewards[step][where]
        loop.observe(Step(shown, acted, reward, ended, never, shown), rows)
    return np.array(actions), np.array(values)


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@every_kind
@pytest.mark.parametrize("rows", [[1, 4], [5, 0, 3], [3, 1, 5, 0, 2, 4]])
def test_some_rows_play_as_they_do_among_all(kind, rows):
    world, index = World(), np.array(rows)
    actions, values = play(make_loop(kind), world, 10)
    assert np.unique(values).size > 10
    some_actions, some_values = play(make_loop(kind), world, 10, index)
    close(some_actions, actions[:, index])
    close(some_values, values[:, index])


@every_kind
def test_rows_that_wait_lose_nothing(kind):
    world = World()
    _, wanted = play(make_loop(kind), world, 10)
    loop = make_loop(kind)
    one, other = np.array([0, 2, 4]), np.array([1, 3, 5])
    found = np.empty((10, N))
    for step in range(10):
        found[step, one] = play(loop, world, 1, one, first=step)[1]
        if step == 4:  # the others fall behind, and catch up
            for late in range(5):
                found[late, other] = play(loop, world, 1, other, first=late)[1]
    for late in range(5, 10):
        found[late, other] = play(loop, world, 1, other, first=late)[1]
    close(found, wanted)


@every_kind
def test_reset_forgets_these_rows_and_no_other(kind):
    world, index = World(), np.array([1, 4])
    others = np.setdiff1d(np.arange(N), index)
    undisturbed, fresh, loop = make_loop(kind), make_loop(kind), make_loop(kind)
    play(undisturbed, world, 5, deterministic=True)
    play(loop, world, 5, deterministic=True)
    loop.reset(index)
    _, values = play(loop, world, 4, deterministic=True, first=5)
    _, kept = play(undisturbed, world, 4, deterministic=True, first=5)
    _, anew = play(fresh, world, 4, deterministic=True, first=5)
    close(values[:, others], kept[:, others])
    close(values[:, index], anew[:, index])
    assert np.abs(kept[:, index] - anew[:, index]).max() > 1e-3


@every_kind
def test_reset_without_rows_forgets_everything(kind):
    world, loop = World(), make_loop(kind)
    play(loop, world, 5)
    loop.reset()
    close(
        play(loop, world, 4, deterministic=True)[1],
        play(make_loop(kind), world, 4, deterministic=True)[1],
    )


@every_kind
def test_a_trial_goes_on_across_episodes(kind):
    world = World(length=2)
    values = play(make_loop(kind), world, 6, deterministic=True)[1]
    world.rewards[0] += 1.0
    changed = play(make_loop(kind), world, 6, deterministic=True)[1]
    close(values[0], changed[0])
    assert (np.abs(values[1:] - changed[1:]).max(axis=1) > 1e-4).all()


def same_episodes(world, copies):
    """Make the world show `copies` times the same episode, but for what follows its last step."""
    last = slice(world.length - 1, copies * world.length, world.length)
    kept = world.rewards[last].copy()
    for name in ("seen", "rewards"):
        part = getattr(world, name)
        part[: copies * world.length] = np.concatenate([part[: world.length]] * copies)
    world.rewards[last] = kept
    return world


@every_kind
def test_frozen_every_episode_begins_with_the_same_memory(kind):
    world, loop = same_episodes(World(length=3), 4), make_loop(kind)
    play(loop, world, 3)
    loop.freeze()
    actions, values = play(loop, world, 9, deterministic=True, first=3)
    actions, values = (part.reshape(3, 3, *part.shape[1:]) for part in (actions, values))
    for episode in (1, 2):
        close(actions[episode], actions[0])
        close(values[episode], values[0])
    assert np.abs(values[0][1] - values[0][0]).max() > 1e-4  # within an episode it still moves
    unfrozen = make_loop(kind)
    play(unfrozen, world, 3)
    free = play(unfrozen, world, 9, deterministic=True, first=3)[1].reshape(3, 3, N)
    close(free[0], values[0])  # the first one goes on as if nothing had happened
    assert np.abs(free[1] - free[0]).max() > 1e-4
    fresh = play(make_loop(kind), world, 3, deterministic=True)[1]
    assert np.abs(fresh - values[0]).max() > 1e-3  # what was learnt before is not lost


@every_kind
def test_frozen_rows_that_begin_at_different_times(kind):
    world, index = same_episodes(World(length=3), 4), np.array([4, 1])
    whole, loop = make_loop(kind), make_loop(kind)
    for one in (whole, loop):
        play(one, world, 3)
        one.freeze()
    wanted = play(whole, world, 3, deterministic=True, first=3)[1]
    for first in (3, 6):  # while the other rows wait
        close(play(loop, world, 3, index, deterministic=True, first=first)[1], wanted[:, index])
    close(play(loop, world, 3, deterministic=True, first=9)[1], wanted)


@every_kind
def test_reset_undoes_freeze_in_its_rows(kind):
    world, index = same_episodes(World(length=2), 6), np.array([0, 5])
    others = np.array([1, 2, 3, 4])
    loop = make_loop(kind)
    play(loop, world, 2)
    loop.freeze()
    loop.reset(index)
    values = play(loop, world, 6, deterministic=True)[1].reshape(3, 2, N)
    fresh = play(make_loop(kind), world, 6, deterministic=True)[1].reshape(3, 2, N)
    close(values[:, :, index], fresh[:, :, index])
    assert np.abs(fresh[1] - fresh[0]).max() > 1e-4
    close(values[1][:, others], values[0][:, others])
    close(values[2][:, others], values[0][:, others])


@every_kind
def test_deterministic_acts_are_the_mode(kind):
    world, loop = World(), make_loop(kind)
    for step in range(6):
        shown = world.seen[step]
        acted = loop.act(shown, None, deterministic=True)
        params = loop.last["params"]
        assert np.array_equal(acted, loop.policy.head.mode(params).numpy())
        if kind[1] is BOX:
            assert np.array_equal(acted, params[:, :2].numpy())
        else:
            assert np.array_equal(acted, params.argmax(dim=1).numpy() + 2)
            assert all(DISCRETE.contains(action) for action in acted)
        ended = np.zeros(N, dtype=bool)
        loop.observe(Step(shown, acted, np.ones(N), ended, ended, shown))


@every_kind
def test_deterministic_acts_do_not_depend_on_the_seed_and_others_do(kind):
    runs = {
        (seed, certain): play(make_loop(kind, seed=seed), World(), 10, deterministic=certain)[0]
        for seed in (7, 900)
        for certain in (True, False)
    }
    assert np.array_equal(runs[7, True], runs[900, True])
    assert not np.array_equal(runs[7, False], runs[900, False])
    assert not np.array_equal(runs[7, False], runs[7, True])


@every_kind
def test_a_row_depends_only_on_its_own_seed(kind):
    world = World()
    world.seen[:], world.rewards[:] = world.seen[:, :1], world.rewards[:, :1]  # all see the same
    actions, values = play(make_loop(kind, seed=7), world, 10)
    for first, rows in ((2, 3), (5, 1)):
        part, part_values = play(make_loop(kind, rows=rows, seed=7 + first), world, 10)
        close(part, actions[:, first : first + rows])
        close(part_values, values[:, first : first + rows])
    assert not np.array_equal(actions[:, 0], actions[:, 1])


def test_the_policy_is_not_changed():
    loop = make_loop(KINDS[0])
    before = {key: value.clone() for key, value in loop.policy.state_dict().items()}
    play(loop, World(), 5)
    assert all(torch.equal(value, before[key]) for key, value in loop.policy.state_dict().items())
    assert not loop.last["values"].requires_grad


def test_rewards_are_shown_in_the_scale_of_training():
    world, scaled = World(), World()
    loop, plain = make_loop(KINDS[0]), make_loop(KINDS[0])
    loop.policy.reward_scale.fill_(0.25)
    loop = RecurrentInnerLoop(loop.policy, loop.venv, 1, 7)
    scaled.rewards *= 0.25
    close(play(loop, world, 6)[1], play(plain, scaled, 6)[1])


def test_rows_per_task_must_divide_the_rows():
    with pytest.raises(ValueError, match="rows_per_task=4 does not divide num_envs=6"):
        make_loop(KINDS[0], rows_per_task=4)
