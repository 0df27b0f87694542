"""Cores that look back (SNAIL, transformer), minGRU and MANN: steps, sequences and causes agree."""

from __future__ import annotations

import pytest
import torch
from gymnasium import spaces

from agents import VariBAD
from agents.core.nets.cores import CORES, make_core
from agents.core.nets.recurrent_policy import (
    MannPolicy,
    MinGruPolicy,
    SnailPolicy,
    TransformerPolicy,
)
from agents.core.nets.rings import Layout, attend, ordered, pushed
from agents.core.nets.sequence import SequenceCore

from ...small import make

T, B, I, L = 9, 5, 3, 16  # noqa: E741
SPACES = spaces.Discrete(3), spaces.Discrete(2)
SNAIL = {"filters": 3, "key_size": 4, "value_size": 5}
SMALL = {"hidden_size": 8}
CASES = {
    "snail": ("snail", {**SNAIL, "context": L}),
    "snail that forgets": ("snail", {**SNAIL, "context": 3}),
    "rotary": ("transformer", {**SMALL, "context": L}),
    "rotary that forgets": ("transformer", {**SMALL, "context": 4}),
    "learnt": (
        "transformer",
        {**SMALL, "context": L, "positions": "learnt", "beyond": "error", "n_heads": 1},
    ),
    "min_gru": ("min_gru", {**SMALL, "memory": 5}),
    "mann": ("mann", {**SMALL, "n_slots": 4, "slot_size": 3}),
}
OLD = [name for name in CASES if name != "learnt"]  # those that go on beyond their context


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def built(case, **more) -> SequenceCore:
    name, kwargs = CASES[case]
    core = make_core(name, I, {}, {**kwargs, **more})
    with torch.no_grad():
        for parameter in core.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return core


def later(core, steps):
    """Return a state in which rows have seen different numbers of steps."""
    state = core(torch.randn(steps, B, I), core.initial_state(B))[1]
    reset = torch.zeros(3, B, dtype=torch.bool)
    reset[1, :2], reset[0, 4] = True, True
    return core(torch.randn(3, B, I), state, reset)[1]


def stepped(core, inputs, state):
    outputs = []
    for shown in inputs:
        output, state = core.step(shown, state)
        outputs.append(output)
    return torch.stack(outputs), state


def close(one, other, tolerance=1e-5):
    for mine, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("acting", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_step_by_step_equals_the_sequence(case, acting):
    core = built(case)
    inputs = torch.randn(T, B, I)
    for state in (core.initial_state(B), later(core, 2)):
        kept = state.clone()
        with torch.set_grad_enabled(not acting):
            steps, after = stepped(core, inputs, state)
        assert torch.equal(state, kept)  # steps write to no argument
        whole, last = core(inputs, state)
        assert whole.shape == (T, B, core.output_size) and last.shape == state.shape
        close([steps, after], [whole, last])
        close(core(inputs[4:], core(inputs[:4], state)[1]), [whole[4:], last])


@pytest.mark.parametrize("case", CASES)
def test_no_output_depends_on_later_inputs_and_all_earlier_ones_count(case):
    core = built(case)
    inputs = torch.randn(T, B, I, requires_grad=True)
    outputs = core(inputs, core.initial_state(B))[0]
    for t in range(T):
        (gradient,) = torch.autograd.grad(outputs[t].square().sum(), inputs, retain_graph=True)
        assert torch.equal(gradient[t + 1 :], torch.zeros_like(gradient[t + 1 :]))
        if "forgets" not in case:
            assert (gradient[: t + 1].abs().sum(dim=-1) > 0).all()


@pytest.mark.parametrize(("case", "reach"), [("rotary that forgets", 7), ("snail that forgets", 9)])
def test_what_is_beyond_the_context_is_forgotten(case, reach):
    core = built(case)  # 2 layers of 4 steps: 2 * 3 back; convolutions of 1 + 2, twice, then 2
    inputs = torch.randn(12, B, I, requires_grad=True)
    last = core(inputs, core.initial_state(B))[0][-1]
    (gradient,) = torch.autograd.grad(last.square().sum(), inputs)
    seen = gradient.abs().sum(dim=(1, 2)) > 0
    assert seen.tolist() == [False] * (12 - reach) + [True] * reach


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_finite_differences(case):
    core = built(case).double()
    inputs = torch.randn(4, 2, I, dtype=torch.float64, requires_grad=True)
    state = core(torch.randn(2, 2, I, dtype=torch.float64), core.initial_state(2))[1].detach()
    names = [name for name, _ in core.named_parameters()]
    chosen = [names[0], names[len(names) // 2], names[-1]]
    given = [core.get_parameter(name) for name in chosen]

    def run(inputs, *parameters):
        return torch.func.functional_call(
            core, dict(zip(chosen, parameters, strict=True)), (inputs, state)
        )

    assert torch.autograd.gradcheck(run, [inputs, *given], fast_mode=True)


@pytest.mark.parametrize("case", CASES)
def test_a_reset_is_the_start_of_a_sequence_of_its_own(case):
    core = built(case)
    inputs, state = torch.randn(T, B, I), later(core, 1)
    reset = torch.zeros(T, B, dtype=torch.bool)
    reset[4, 1] = True
    outputs, last = core(inputs, state, reset)
    alone, after = core(inputs[4:, 1:2], core.initial_state(1))
    close([outputs[4:, 1:2], last[1:2]], [alone, after])
    state[2] = 0.0  # as the owner of a state forgets a row
    close([core(inputs, state)[0][:, 2:3]], [core(inputs[:, 2:3], core.initial_state(1))[0]])


def test_rotary_attention_does_not_depend_on_when_the_trial_began():
    core = built("rotary that forgets")
    inputs = torch.randn(T, B, I)
    late = core.initial_state(B)
    late[:, 0] = 50.0  # steps that left nothing: their keys would count, so compare after them
    early = core(torch.cat([inputs[:4], inputs]), core.initial_state(B))[0]
    after = core(torch.cat([inputs[:4], inputs]), late)[0]
    close([early[10:]], [after[10:]], 1e-4)


def test_a_ring_holds_the_newest_steps_in_the_order_of_time():
    ring, count = torch.zeros(2, 3, 1), torch.tensor([0, 2])
    ring = pushed(ring, torch.tensor([[[1.0], [2]], [[3], [4]]]), count)
    assert ring[..., 0].tolist() == [[1, 2, 0], [4, 0, 3]]
    assert ordered(ring, count + 2)[..., 0].tolist() == [[0, 1, 2], [0, 3, 4]]
    layout = Layout({"a": (3, 1), "b": (2,)})
    state = layout.state(count, {"a": ring, "b": torch.ones(2, 2)})
    assert state.shape == (2, layout.size) and layout.count(state).tolist() == [0, 2]
    assert torch.equal(layout.views(state)["a"], ring)


def test_attention_is_a_softmax_over_the_window():
    query, key, value = torch.randn(3, 1, 5, 4)
    nothing = torch.zeros(1, 2, 4)
    found = attend(query, key, value, (nothing, nothing), torch.tensor([0]))
    weights = torch.softmax(query[0, 3] @ key[0, 2:4].T / 2.0, dim=0)
    close([found[0, 3], found[0, 0]], [weights @ value[0, 2:4], value[0, 0]])


def test_bad_arguments_are_errors_that_say_what_is_allowed():
    with pytest.raises(ValueError, match="context=1 must be at least 2"):
        make_core("snail", I, {}, {"context": 1})
    with pytest.raises(ValueError, match="filters=0 must be at least 1"):
        make_core("snail", I, {}, {"filters": 0})
    with pytest.raises(ValueError, match="hidden_size=6 must be a multiple of 4"):
        make_core("transformer", I, {}, {"hidden_size": 6})
    with pytest.raises(ValueError, match="give beyond='error'"):
        make_core("transformer", I, {}, {"positions": "learnt"})
    core = make_core("transformer", I, {}, {"context": 2, "beyond": "error"})
    with pytest.raises(ValueError, match="context=2 steps, and the trial has at least 3"):
        core(torch.zeros(3, 1, I), core.initial_state(1))


@pytest.mark.parametrize("policy", [SnailPolicy, TransformerPolicy, MinGruPolicy, MannPolicy])
def test_policies_step_as_they_run(policy):
    kwargs = {"core_kwargs": SNAIL} if policy is SnailPolicy else SMALL
    made = policy(*SPACES, separate_value=True, transitions=True, context=4, **kwargs)
    inputs, state = torch.randn(T, B, made.builder.size), made.initial_state(B)
    params, values = made(inputs)
    for t in range(T):
        now, value, state = made.step(inputs[t], state)
        close([now, value], [params[t], values[t]])


BANDIT = {"env": "meta/DependentBandit-v0", "env_kwargs": {"pulls": 6}}


@pytest.mark.parametrize(
    "policy", ["SnailPolicy", "TransformerPolicy", "MinGruPolicy", "MannPolicy"]
)
@pytest.mark.parametrize("name", ["RL2", "L2RL", "VariBAD"])
def test_agents_take_the_policies_and_see_a_whole_trial(name, policy, tmp_path):
    kwargs = {"core_kwargs": SNAIL} if policy == "SnailPolicy" else SMALL
    agent = make(name, policy=policy, policy_kwargs=kwargs, **BANDIT).learn(24)
    given = agent.settings["policy_kwargs"]
    assert given.get("context") == (None if policy in ("MinGruPolicy", "MannPolicy") else 6)
    if name != "VariBAD":
        return
    agent.save(tmp_path / "one")
    again = VariBAD.load(tmp_path / "one.zip")
    assert again.settings == agent.settings
    trials = torch.randn(6, 2, agent.policy.builder.size)
    mean, _ = again.policy.posteriors(trials[1:], trials[:-1, :, : agent.policy.shown])
    state = agent.policy.initial_state(2)
    for t in range(6):
        state = agent.policy.infer(trials[t], state)
        close([agent.policy.belief(state)[0]], [mean[t]])


def test_every_core_has_a_policy_named_after_it():
    aliases = {core.__name__ for core in CORES.values()}
    assert aliases == {"GRU", "LSTM", "Snail", "Transformer", "MinGRU", "Mann"}
