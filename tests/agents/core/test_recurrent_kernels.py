from __future__ import annotations

import pytest
import torch
from torch import nn

from agents.core.nets.kernels import recurrent as kernels

T, B, I, H = 7, 5, 3, 4  # noqa: E741
NAMES = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def weights(module):
    return [getattr(module, name) for name in NAMES]


def batch(module, n_steps=T, n_rows=B):
    dtype = module.weight_hh_l0.dtype
    n_state = module.hidden_size * (1 if isinstance(module, nn.GRU) else 2)
    inputs = torch.randn(n_steps, n_rows, module.input_size, dtype=dtype, requires_grad=True)
    return inputs, torch.randn(n_rows, n_state, dtype=dtype, requires_grad=True)


def ours(module, inputs, state, reset=None):
    return kernels.GRUSequence.apply(inputs, state, reset, *weights(module))


def theirs(module, inputs, state):
    if isinstance(module, nn.GRU):
        outputs, last = module(inputs, state[None])
        return outputs, last[0]
    h, c = (part[None].contiguous() for part in state.chunk(2, 1))
    outputs, (h, c) = module(inputs, (h, c))
    return outputs, torch.cat([h[0], c[0]], 1)


def stepped(module, inputs, state, reset):
    """The definition of a reset: zeros in place of the state, before the step."""
    outputs = []
    for x, marks in zip(inputs, reset, strict=True):
        state = torch.where(marks[:, None], torch.zeros_like(state), state)
        output, state = theirs(module, x[None], state)
        outputs.append(output[0])
    return torch.stack(outputs), state


def gradients(result, wrt):
    outputs, state = result
    weight = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    return torch.autograd.grad((weight * outputs).sum() + state.square().sum(), wrt)


@pytest.mark.parametrize("chunk_rows", [1, 12, 4096])
@pytest.mark.parametrize("onednn", [True, False])
def test_equals_torch_forward_and_backward(onednn, chunk_rows, monkeypatch):
    monkeypatch.setattr(kernels, "_CHUNK_ROWS", chunk_rows)
    if not onednn:
        monkeypatch.setattr(kernels, "_ONEDNN_LINEAR", None)
    module = nn.GRU(I, H)
    inputs, state = batch(module)
    mine, reference = ours(module, inputs, state), theirs(module, inputs, state)
    torch.testing.assert_close(mine, reference, rtol=0, atol=1e-5)
    wrt = [inputs, state, *weights(module)]
    got, want = gradients(mine, wrt), gradients(reference, wrt)
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 3, 2, 5), (4, 1, 1, 2), (3, 33, 17, 9)])
def test_odd_sizes_equal_torch(shape):
    n_steps, n_rows, n_inputs, n_hidden = shape
    module = nn.GRU(n_inputs, n_hidden)
    inputs, state = batch(module, n_steps, n_rows)
    mine, reference = ours(module, inputs, state), theirs(module, inputs, state)
    torch.testing.assert_close(mine, reference, rtol=0, atol=1e-5)
    wrt = [inputs, state, *weights(module)]
    got, want = gradients(mine, wrt), gradients(reference, wrt)
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("with_reset", [False, True])
def test_gradcheck_in_all_arguments(with_reset):
    module = nn.GRU(I, H).double()
    inputs, state = batch(module, n_steps=4, n_rows=2)
    reset = torch.tensor([[0, 0], [0, 0], [1, 0], [1, 1]]).bool() if with_reset else None

    def function(inputs, state, *parameters):
        return kernels.GRUSequence.apply(inputs, state, reset, *parameters)

    assert torch.autograd.gradcheck(function, (inputs, state, *weights(module)))


@pytest.mark.parametrize("chunk_rows", [5, 4096])
def test_resets_anywhere_equal_their_definition(chunk_rows, monkeypatch):
    monkeypatch.setattr(kernels, "_CHUNK_ROWS", chunk_rows)
    module = nn.GRU(I, H).double()
    inputs, state = batch(module)
    reset = torch.rand(T, B) < 0.4
    reset[3:5, 1] = True  # twice in a row
    reset[0, 0] = True
    reset[:, 2] = False
    wrt = [inputs, state, *weights(module)]
    for mask in (reset, torch.zeros(T, B, dtype=torch.bool)):
        mine, reference = ours(module, inputs, state, mask), stepped(module, inputs, state, mask)
        torch.testing.assert_close(mine, reference)
        torch.testing.assert_close(gradients(mine, wrt), gradients(reference, wrt))


@pytest.mark.parametrize("module_class", [nn.GRU, nn.LSTM])
def test_steps_equal_torch_and_leave_their_arguments(module_class):
    module = module_class(I, H)
    inputs, state = batch(module)
    outputs, last = theirs(module, inputs, state)
    with torch.no_grad():
        for x, expected in zip(inputs, outputs, strict=True):
            before, x_before = state.clone(), x.clone()
            if module_class is nn.GRU:
                output = after = kernels.gru_step(x, state, *weights(module))
            else:
                output, after = kernels.lstm_step(x, state, *weights(module))
            assert torch.equal(state, before) and torch.equal(x, x_before)
            torch.testing.assert_close(output, expected.detach(), rtol=0, atol=1e-6)
            state = after
        torch.testing.assert_close(state, last.detach(), rtol=0, atol=1e-6)


def test_two_graphs_at_once_and_backward_twice():
    module = nn.GRU(I, H)
    inputs, state = batch(module)
    first = ours(module, inputs, state)
    ours(module, 2 * inputs, state)[0].sum().backward()  # must not disturb the first graph
    (once,) = torch.autograd.grad(first[0].sum(), inputs, retain_graph=True)
    (twice,) = torch.autograd.grad(first[0].sum(), inputs)
    assert torch.equal(once, twice)


def test_second_derivatives_are_refused_not_wrong():
    module = nn.GRU(I, H)
    inputs, state = batch(module)
    (grad,) = torch.autograd.grad(
        ours(module, inputs, state)[0].square().sum(), inputs, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()
