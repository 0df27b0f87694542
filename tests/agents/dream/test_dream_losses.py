"""DREAM's losses, by hand."""

import pytest
import torch

from agents.dream import losses


def test_double_q_takes_the_online_choice_at_the_slow_value():
    online = torch.tensor([[[1.0, 2.0]], [[5.0, 0.0]], [[0.0, 9.0]]])  # [T = 3, B = 1, A = 2]
    slow = torch.tensor([[[10.0, 20.0]], [[30.0, 40.0]], [[50.0, 60.0]]])
    rewards = torch.tensor([[1.0], [2.0], [3.0]])
    terminated = torch.tensor([[0.0], [0.0], [1.0]])
    online.requires_grad_(True)
    found = losses.double_q_targets(rewards, terminated, online, slow, 0.5)
    assert found.tolist() == [[11.0], [17.0], [3.0]] and not found.requires_grad


def test_td_loss_is_hubers_mean_over_steps_that_were_played():
    values = torch.tensor([[[0.0, 1.0]], [[4.0, 0.0]], [[7.0, 7.0]]])
    actions, targets = torch.tensor([[1], [0], [0]]), torch.tensor([[1.5], [1.0], [0.0]])
    mask = torch.tensor([[1.0], [1.0], [0.0]])
    # .5 * .5^2 and 3 - .5
    assert losses.td_loss(values, actions, targets, mask).item() == pytest.approx((0.125 + 2.5) / 2)


def test_gains_add_up_to_what_the_inference_gained():
    inferred = torch.tensor([[[0.0, 0.0]], [[1.0, 0.0]], [[3.0, 1.0]]], requires_grad=True)
    latents = torch.tensor([[3.0, 1.0]])
    assert losses.distances(inferred, latents)[:, 0].tolist() == [10.0, 5.0, 0.0]
    gains = losses.information_gain(inferred, latents, 0.25)
    assert gains[:, 0].tolist() == [4.75, 4.75] and not gains.requires_grad


def test_latents_do_not_learn_from_the_inference_but_it_does():
    inferred = torch.ones(2, 1, 2, requires_grad=True)
    latents = torch.zeros(1, 2, requires_grad=True)
    mask = torch.tensor([[1.0], [0.0]])
    loss = losses.inference_loss(inferred, latents, mask)
    loss.backward()
    assert loss.item() == 2.0 and latents.grad is None
    assert inferred.grad.tolist() == [[[2.0, 2.0]], [[0.0, 0.0]]]


def test_latents_are_free_within_the_radius():
    latents = torch.tensor([[1.0, 2.0], [3.0, 0.0]], requires_grad=True)  # sizes 5 and 9
    loss = losses.bottleneck_loss(latents, 6.0)
    loss.backward()
    assert loss.item() == 7.5 and latents.grad.tolist() == [[0.0, 0.0], [3.0, 0.0]]
