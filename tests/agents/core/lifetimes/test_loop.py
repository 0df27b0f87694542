"""Learners that live in rows: when they learn, from what, and that none depends on the others."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import Step
from agents.core.learning.functional import Adam
from agents.core.lifetimes.actor_critic import ActorCriticRule
from agents.core.lifetimes.loop import LifetimeLoop
from agents.core.lifetimes.rule import Rule
from agents.core.nets.actor_critic import ActorCritic

SEEN, MOVES = spaces.Box(-1.0, 1.0, (3,), np.float32), spaces.Discrete(2)
FORCES = spaces.Box(-1.0, 1.0, (2,), np.float32)
STEPS = 4


class Counting(Rule):
    """Keeps the unrolls it is given; its learners count their updates."""

    n_steps = STEPS

    def __init__(self, policy=None):
        self.network = ActorCritic(SEEN, MOVES, [8], **(policy or {}))
        self.unrolls = []

    def begin(self, seeds):
        return {"policy": self.network.begin(seeds), "updates": torch.zeros(len(seeds))}

    def update(self, learners, unroll, differentiable=False):
        self.unrolls.append(unroll)
        updates = learners["updates"] + 1
        return {**learners, "updates": updates}, {"updates": updates}


def actor_critic(actions=MOVES, **more):
    network = ActorCritic(SEEN, actions, [8], **more)
    return ActorCriticRule(network, Adam(), STEPS, 0.01, 0.9, 0.8, 0.01, 0.5, 0.5)


def make(rule, num_rows, rows_per_task, **keywords):
    venv = SimpleNamespace(num_envs=num_rows)
    return LifetimeLoop(rule, venv, rows_per_task, seed=7, **keywords)


def shown(step, rows):
    """What a row sees depends on the row and the step alone."""
    at = np.stack([rows * 0.1, np.full(len(rows), step * 0.01), np.sin(step + rows)], axis=1)
    return at.astype(np.float32)


def over(truncated):
    rewards = np.zeros(len(truncated))
    return Step(None, None, rewards, np.zeros_like(truncated), truncated, shown(1, np.arange(2)))


def play(loop, steps, rows=None, first_row=0):
    """Episodes of five steps terminate, in odd rows they are cut; returns the actions."""
    where = loop.rows(rows)
    acted = []
    for step in range(steps):
        actions = loop.act(shown(step, where + first_row), rows)
        ended = np.full(len(where), step % 5 == 4)
        odd = (where + first_row) % 2 == 1
        reward = (
            np.sin(where + first_row + step) + np.asarray(actions).reshape(len(where), -1)[:, 0]
        )
        after = shown(step + 0.5 * ended + 1, where + first_row)
        loop.observe(Step(None, actions, reward, ended & ~odd, ended & odd, after), rows)
        acted.append(actions)
    return np.stack(acted)


def test_an_unroll_is_what_was_played():
    rule = Counting()
    loop = make(rule, 4, 2)
    play(loop, STEPS + 2)
    assert loop.learners["updates"].tolist() == [1.0, 1.0]
    assert loop.figures["updates"].tolist() == [1.0, 1.0]
    play(loop, STEPS - 2)
    first, second = rule.unrolls
    assert first.inputs.shape == (STEPS + 1, 2, 2, 3)
    for step in range(STEPS + 1):
        wanted = torch.from_numpy(shown(step, np.arange(4))).reshape(2, 2, 3)
        assert torch.equal(first.inputs[step], wanted)
    assert first.mask.all()
    assert first.alive.all()
    assert first.continues[:-1].all()
    assert not first.continues[-1].any()  # the unroll's end cuts
    assert first.cut_inputs is None
    assert first.record["policy"].shape == (STEPS, 2, 2, 2)
    # The second holds step 4, an end: even rows terminated, odd ones were cut.
    assert second.alive[0].tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert not second.continues[0].any()
    assert second.cut[0].tolist() == [[0.0, 1.0], [0.0, 1.0]]
    successor = torch.from_numpy(shown(5.5, np.arange(4))).reshape(2, 2, 3)
    assert torch.equal(second.cut_inputs[0][:, 1], successor[:, 1])


def test_rows_that_lag_are_masked():
    rule = Counting()
    loop = make(rule, 2, 2)
    play(loop, 2)
    play(loop, STEPS - 2, rows=np.array([1]))
    (unroll,) = rule.unrolls
    assert unroll.mask[:, 0].tolist() == [[1, 1], [1, 1], [0, 1], [0, 1]]
    assert unroll.continues[:, 0].tolist() == [[1, 1], [0, 1], [0, 1], [0, 0]]
    assert loop.cursors.tolist() == [0, 0]


def test_a_memory_ends_with_the_episode():
    rule = Counting({"memory": "lstm", "memory_size": 4})
    loop = make(rule, 2, 1)
    play(loop, STEPS - 1)
    begun = loop.memory.clone()
    assert begun.any()
    play(loop, 1)  # an update
    assert torch.equal(rule.unrolls[0].memory, torch.zeros(2, 1, 8))
    carried = loop.memory.clone()
    loop.act(shown(0, np.arange(2)))
    loop.observe(over(np.array([False, True])))
    assert loop.memory[0].any()
    assert not loop.memory[1].any()
    loop.act(shown(0, np.array([1])), np.array([1]))
    assert torch.equal(loop.kept.parts["memory"][0], carried[:, 0])
    loop.reset(np.array([0]))
    assert not loop.memory[0].any()
    assert loop.memory[1].any()


def test_values_with_memory_follow_each_episode():
    network = ActorCritic(SEEN, MOVES, [8], memory="lstm", memory_size=4)
    rule = Counting({"memory": "lstm", "memory_size": 4})
    play(loop := make(rule, 2, 2), STEPS + 2)
    loop.learn_now(np.array([0]))
    unroll = rule.unrolls[1]  # its first step ends an episode: row 0 terminates, row 1 is cut
    params = rule.network.begin([3])
    outputs, after = unroll.values(network, params)
    first = network.forward(params, unroll.inputs[0], unroll.memory)
    fresh = network.forward(params, unroll.inputs[1])
    torch.testing.assert_close(outputs["value"][1], fresh["value"])
    successor = network.forward(params, unroll.cut_inputs[0], first["memory"])
    torch.testing.assert_close(after[0, 0, 1], successor["value"][0, 1])
    last = network.forward(params, unroll.inputs[2], fresh["memory"])
    torch.testing.assert_close(after[1], last["value"])


@pytest.mark.parametrize("memory", [{}, {"memory": "lstm", "memory_size": 4}], ids=["", "lstm"])
@pytest.mark.parametrize("actions", [MOVES, FORCES], ids=["discrete", "continuous"])
def test_a_learner_lives_alike_whoever_lives_beside_it(actions, memory):
    rule = actor_critic(actions, **memory)
    together = make(rule, 6, 2)
    alone = LifetimeLoop(rule, SimpleNamespace(num_envs=2), 2, seed=7 + 2)
    acted = play(together, 11)
    assert np.array_equal(acted[:, 2:4], play(alone, 11, first_row=2))
    for name, part in together.learners.items():
        assert torch.equal(part[1:2], alone.learners[name]), name
    assert not torch.equal(together.learners["policy"][0], together.learners["policy"][1])
    assert together.figures["entropy"].shape == (3,)


def test_lifetimes_end_and_new_learners_begin():
    loop = make(Counting(), 4, 2, lifetimes=[STEPS, 2 * STEPS])
    first = loop.learners["policy"].clone()
    play(loop, STEPS)
    assert loop.lives.tolist() == [1, 0]
    assert loop.ages.tolist() == [0, STEPS]
    assert not torch.equal(loop.learners["policy"][0], first[0])
    assert torch.equal(loop.learners["policy"][1], first[1])
    play(loop, STEPS)
    assert loop.lives.tolist() == [2, 1]
    for wrong in (0, 2.5, [1, 2, 3]):
        with pytest.raises(ValueError, match="lifetimes="):
            make(Counting(), 4, 2, lifetimes=wrong)


def test_reset_replaces_those_that_have_done_something():
    loop = make(actor_critic(), 4, 2)
    first = loop.learners["policy"].clone()
    loop.reset()
    assert torch.equal(loop.learners["policy"], first)
    play(loop, STEPS + 1)
    loop.reset(np.array([2, 3]))
    assert loop.cursors.tolist() == [1, 1, 0, 0]
    assert loop.lives.tolist() == [0, 1]
    assert not loop.learners["optimizer.steps"][1]
    with pytest.raises(ValueError, match="2 rows share a learner"):
        loop.reset(np.array([1]))


def test_frozen_learners_do_not_learn():
    loop = make(actor_critic(), 4, 2)
    play(loop, STEPS + 1)
    loop.freeze()
    before = loop.learners["policy"]
    play(loop, 2 * STEPS)
    assert torch.equal(loop.learners["policy"], before)
    loop.reset(np.array([0, 1]))
    play(loop, STEPS)
    assert loop.learners["optimizer.steps"].tolist() == [1.0, 1.0]
    assert loop.lives.tolist() == [1, 0]


def test_the_owner_may_say_when_they_learn():
    loop = make(Counting(), 4, 2)
    loop.learns_by_itself = False
    play(loop, STEPS)
    assert loop.due().all()
    loop.learn_now(np.array([1]))
    assert loop.learners["updates"].tolist() == [0.0, 1.0]
    assert loop.due().tolist() == [True, False]
