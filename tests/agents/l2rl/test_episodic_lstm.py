"""EpisodicLSTM: what is written, what is recalled, and that steps and sequences agree."""

from __future__ import annotations

import pytest
import torch
from gymnasium import spaces

from agents import EpisodicLSTM
from agents.l2rl.episodic import EpisodicLstmPolicy
from agents.l2rl.episodic_core import EpisodicLstm

B, K, H = 3, 2, 4
CUES = torch.tensor([[0.0, 0], [0, 1], [1, 1]])


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def episodes(contexts, length=3):
    """Return inputs [T, 1, K + 2] of episodes in these contexts."""
    steps = []
    for context in contexts:
        for step in range(length):
            start = torch.tensor([float(step == 0)])
            steps.append(torch.cat([CUES[context], torch.randn(1), start]))
    return torch.stack(steps)[:, None]


def parts(core, state):
    return core.layout.views(state)


def test_an_episode_is_recalled_when_its_cue_returns():
    core = EpisodicLstm(K + 2, K, H, entries=4)
    inputs = episodes([0, 1, 0])
    outputs, state = core.run(inputs[:3], core.initial_state(1))
    first = parts(core, state)["cell"].clone()
    _, state = core.run(inputs[3:6], state)
    kept = parts(core, state)
    assert kept["keys"][0, 0].tolist() == [0, 0] and torch.equal(kept["values"][0, 0], first[0])
    assert kept["recalled"].abs().max() < 0.02  # the cue was new
    second = kept["cell"].clone()
    _, state = core.run(inputs[6:7], state)
    kept = parts(core, state)
    torch.testing.assert_close(kept["recalled"], first)
    torch.testing.assert_close(kept["values"][0, 1], second[0])
    assert (kept["used"][0, :, 0] > 0).tolist() == [True, True, False, False]
    shown = core.inputs(inputs[6, 0])  # hidden and cell state began anew
    enter, _, new, _, again = shown.chunk(5)
    cell = torch.sigmoid(enter) * torch.tanh(new) + torch.sigmoid(again) * first[0]
    torch.testing.assert_close(kept["cell"][0], cell)


def test_a_returning_cue_keeps_its_place_and_the_oldest_makes_room():
    core = EpisodicLstm(K + 2, K, H, entries=2)
    _, state = core.run(episodes([0, 1, 0, 2, 1]), core.initial_state(1))
    keys = parts(core, state)["keys"][0]
    assert keys.tolist() == [[0, 0], [1, 1]]  # context 1 left: 0 had come again
    _, after = core.run(episodes([0]), state)
    assert parts(core, after)["keys"][0].tolist() == [[0, 1], [1, 1]]


def test_without_recall_nothing_comes_back():
    core = EpisodicLstm(K + 2, K, H, recalls=False)
    inputs = episodes([0, 0])
    outputs, state = core.run(inputs, core.initial_state(1))
    assert not parts(core, state)["recalled"].any()
    alone, _ = core.run(inputs[3:], core.initial_state(1))
    torch.testing.assert_close(outputs[3:], alone)


def test_steps_resets_and_causes():
    core = EpisodicLstm(K + 2, K, H, entries=3)
    inputs = torch.cat([episodes([0, 1, 0]), episodes([1, 1, 2]), episodes([2, 0, 1])], dim=1)
    inputs[4, 1, -1] = 1.0  # episodes need not begin together
    outputs, last = core(inputs, core.initial_state(B))
    state, stepped = core.initial_state(B), []
    with torch.no_grad():
        for shown in inputs:
            kept = state.clone()
            out, after = core.step(shown, state)
            assert torch.equal(kept, state)
            state = after
            stepped.append(out)
    torch.testing.assert_close(torch.stack(stepped), outputs)
    torch.testing.assert_close(state, last)
    reset = torch.zeros(9, B, dtype=torch.bool)
    reset[3, 1] = True
    cut, _ = core(inputs, core.initial_state(B), reset)
    torch.testing.assert_close(cut[3:, 1:2], core.run(inputs[3:, 1:2], core.initial_state(1))[0])
    torch.testing.assert_close(cut[:, 0], outputs[:, 0])
    changed = inputs.clone()
    changed[5:] += 0.1
    assert torch.equal(core(changed, core.initial_state(B))[0][:5], outputs[:5])


def test_gradients_are_those_of_finite_differences_and_entries_carry_none():
    core = EpisodicLstm(K + 2, K, H, entries=3).double()
    inputs = episodes([0, 0]).double()
    weights = core.inputs.weight, core.hidden.weight

    def last(*given):
        names = ("inputs.weight", "hidden.weight")
        made = dict(zip(names, given, strict=True))
        second = torch.func.functional_call(core, made, (inputs[3:], state))
        return second[0]

    _, state = core.run(inputs[:3], core.initial_state(1))
    state = state.detach()
    assert torch.autograd.gradcheck(last, [one.detach().requires_grad_() for one in weights])
    shown = inputs.clone().requires_grad_()
    outputs, _ = core.run(shown, core.initial_state(1))
    (gradient,) = torch.autograd.grad(outputs[3:].sum(), shown)
    assert not gradient[:3].any() and gradient[3:].any()


def test_bad_arguments_are_refused_in_words():
    with pytest.raises(ValueError, match="cue_size=4 must be from 1 to 3"):
        EpisodicLstm(4, 4)
    frames = spaces.Box(0, 255, (8, 8), "uint8")
    with pytest.raises(TypeError, match="EpisodicLstmPolicy takes vectors"):
        EpisodicLstmPolicy(frames, spaces.Discrete(2))
    with pytest.raises(TypeError, match="entry"):
        EpisodicLSTM("EpisodicLstmPolicy", "meta/RecurringBandit-v0", policy_kwargs={"entry": 3})
