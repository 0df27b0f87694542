"""Sequence cores: one step, a whole sequence, resets and rows all tell the same story."""

from __future__ import annotations

import pytest
import torch

from agents.core.nets import sequence
from agents.core.nets.sequence import GRU, LSTM

T, B, I, H = 9, 10, 3, 4  # noqa: E741
CORES = ["gru", "unfused", "lstm"]


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def make(kind):
    core = LSTM(I, H) if kind == "lstm" else GRU(I, H, fused=kind == "gru")
    with torch.no_grad():
        for parameter in core.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return core


def random_state(core, rows=B):
    return torch.randn_like(core.initial_state(rows))


def stepped(core, inputs, state, reset=None):
    outputs = []
    for t, x in enumerate(inputs):
        if reset is not None:
            state = torch.where(reset[t][:, None], core.initial_state(len(state)), state)
        output, state = core.step(x, state)
        outputs.append(output)
    return torch.stack(outputs), state


def close(one, other, tolerance=1e-6):
    for mine, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("rows", [1, sequence._FUSED_FROM - 1, B])
@pytest.mark.parametrize("acting", [True, False])
@pytest.mark.parametrize("kind", CORES)
def test_step_by_step_equals_the_sequence(kind, acting, rows):
    core = make(kind)
    inputs, state = torch.randn(T, rows, I), random_state(core, rows)
    with torch.set_grad_enabled(not acting):
        steps = stepped(core, inputs, state)
    whole = core(inputs, state)
    assert whole[0].shape == (T, rows, H) and whole[1].shape == state.shape
    assert not torch.allclose(whole[0], core(inputs, core.initial_state(rows))[0])
    close(steps, whole)


@pytest.mark.parametrize("kind", CORES)
def test_steps_change_no_argument(kind):
    core = make(kind)
    inputs, state = torch.randn(B, I), random_state(core)
    kept = inputs.clone(), state.clone()
    with torch.no_grad():
        core.step(inputs, state)
    assert torch.equal(inputs, kept[0]) and torch.equal(state, kept[1])


@pytest.mark.parametrize("kind", CORES)
def test_a_reset_is_the_start_of_a_sequence_of_its_own(kind):
    core = make(kind)
    inputs, state = torch.randn(T, B, I), random_state(core)
    reset = torch.zeros(T, B, dtype=torch.bool)
    cuts = {0: [0], 1: [3], 2: [2, 3, 7], 3: [T - 1], 4: [0, 5]}  # row: steps
    for row, steps in cuts.items():
        reset[steps, row] = True
    outputs, last = core(inputs, state, reset)
    close(stepped(core, inputs, state, reset), (outputs, last))
    for row in range(B):
        bounds = sorted({0, *cuts.get(row, []), T})
        for first, end in zip(bounds, bounds[1:], strict=False):
            fresh = bool(reset[first, row])
            start = core.initial_state(1) if fresh else state[row : row + 1]
            part, after = core(inputs[first:end, row : row + 1], start)
            close([outputs[first:end, row : row + 1]], [part])
        close([last[row : row + 1]], [after])


@pytest.mark.parametrize("kind", CORES)
def test_a_reset_forgets_the_state_and_lets_no_gradient_through(kind):
    core = make(kind)
    inputs = torch.randn(T, B, I, requires_grad=True)
    reset = torch.zeros(T, B, dtype=torch.bool)
    reset[4] = True
    outputs, _ = core(inputs, random_state(core), reset)
    close([outputs[4:]], [core(inputs, random_state(core), reset)[0][4:]])
    (gradient,) = torch.autograd.grad(outputs[4:].sum(), inputs)
    assert torch.equal(gradient[:4], torch.zeros_like(gradient[:4]))
    assert (gradient[4:].abs().sum(dim=-1) > 0).all()


@pytest.mark.parametrize("kind", CORES)
def test_rows_of_a_state_can_be_zeroed_and_taken(kind):
    core = make(kind)
    inputs, state = torch.randn(T, B, I), random_state(core)
    assert torch.equal(core.initial_state(B), torch.zeros_like(state))
    state[[1, 4]] = 0.0
    outputs, last = core(inputs, state)
    alone, alone_last = core(inputs[:, [1, 4]], core.initial_state(2))
    close([outputs[:, [1, 4]], last[[1, 4]]], [alone, alone_last])
    rows = torch.tensor([7, 2])
    with torch.no_grad():
        whole, picked = core.step(inputs[0], state), core.step(inputs[0][rows], state[rows])
    close([part[rows] for part in whole], picked)


@pytest.mark.parametrize("kind", CORES)
def test_no_output_depends_on_later_inputs(kind):
    core = make(kind)
    inputs, state = torch.randn(T, B, I), random_state(core)
    before = core(inputs, state)[0]
    for t in range(T - 1):
        changed = inputs.clone()
        changed[t + 1 :] += torch.randn(T - t - 1, B, I)
        after = core(changed, state)[0]
        assert torch.equal(before[: t + 1], after[: t + 1])
        assert not torch.equal(before[t + 1], after[t + 1])


def test_fused_and_unfused_agree_in_outputs_and_gradients():
    fused = GRU(I, H)
    unfused = GRU(I, H, fused=False)
    unfused.load_state_dict(fused.state_dict())
    reset = torch.rand(T, B) < 0.2
    results: list[list[torch.Tensor]] = []
    inputs, state = torch.randn(T, B, I, requires_grad=True), torch.randn(B, H, requires_grad=True)
    weight = torch.randn(T, B, H)
    for core in (fused, unfused):
        outputs, last = core(inputs, state, reset)
        wrt = [inputs, state, *core.parameters()]
        gradients = torch.autograd.grad((weight * outputs).sum() + last.square().sum(), wrt)
        results.append([outputs, last, *gradients])
    close(results[0], results[1], tolerance=1e-5)


@pytest.mark.parametrize("kind", ["unfused", "lstm"])
def test_gradients_of_gradients_exist_without_the_kernel(kind):
    core = make(kind).double()
    inputs = torch.randn(3, sequence._FUSED_FROM, I, dtype=torch.float64, requires_grad=True)
    reset = torch.zeros(3, sequence._FUSED_FROM, dtype=torch.bool)
    reset[1, 2] = True
    state = random_state(core, sequence._FUSED_FROM)

    def first_outputs(inputs):
        return core(inputs, state, reset)[0][:, :3]

    assert torch.autograd.gradgradcheck(first_outputs, [inputs])


def test_the_lstm_begins_by_remembering():
    biases = dict(LSTM(I, H).named_parameters())["cell.bias_ih_l0"]
    assert biases[H : 2 * H].tolist() == [1.0] * H
    assert biases[:H].tolist() == [0.0] * H and biases[2 * H :].tolist() == [0.0] * 2 * H
