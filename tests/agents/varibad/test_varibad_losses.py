"""VariBAD's bound, by numbers computed by hand."""

import math

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.core.nets.belief import RecurrentGaussian, gaussian_kl, gaussian_sample
from agents.varibad.decoders import CellDecoder, RewardDecoder, StateDecoder, TaskDecoder
from agents.varibad.experience import Transitions
from agents.varibad.losses import (
    bernoulli_log_likelihood,
    elbo_loss,
    gaussian_log_likelihood,
    goal_log_likelihood,
    posterior_kl,
)

LN2 = math.log(2.0)


def close(found, wanted):
    np.testing.assert_allclose(torch.as_tensor(found).detach().numpy(), wanted, atol=1e-6)


def test_kl_by_hand():
    # means 1 and 0, variances 4 and 2: (ln(2 / 4) + 4 / 2 + 1 / 2 - 1) / 2
    found = gaussian_kl(*(torch.tensor([n]) for n in (1.0, math.log(4.0), 0.0, math.log(2.0))))
    close(found, 0.5 * (-LN2 + 2.0 + 0.5 - 1.0))


def test_kl_equals_torchs_sums_over_latents_and_is_zero_for_equals():
    torch.manual_seed(0)
    mean, log_variance, other, other_log_variance = torch.randn(4, 3, 2, 5, dtype=torch.float64)
    one, two = (
        torch.distributions.Normal(m, (0.5 * v).exp())
        for m, v in ((mean, log_variance), (other, other_log_variance))
    )
    wanted = torch.distributions.kl_divergence(one, two).sum(-1)
    close(gaussian_kl(mean, log_variance, other, other_log_variance), wanted)
    assert (gaussian_kl(mean, log_variance, mean, log_variance) == 0).all()


def test_a_sample_is_mean_and_deviation_times_noise():
    close(gaussian_sample(torch.tensor(3.0), torch.tensor(math.log(4.0)), torch.tensor(-1.5)), 0.0)


def test_each_belief_is_held_to_the_one_before_and_the_first_to_the_standard_normal():
    mean = torch.tensor([1.0, 1.0, 3.0]).reshape(3, 1, 1)
    log_variance = torch.tensor([0.0, math.log(2.0), math.log(2.0)]).reshape(3, 1, 1)
    wanted = [0.5, 0.5 * (2.0 - 1.0 - LN2), 0.5 * 4.0 / 2.0]
    close(posterior_kl(mean, log_variance)[:, 0], wanted)


def test_gaussian_log_likelihood_by_hand():
    close(gaussian_log_likelihood(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0])), -2.5)


def test_bernoulli_log_likelihood_by_hand():
    logits = torch.tensor([[[0.0, math.log(3.0)]]])  # probabilities 1/2 and 3/4
    hits, misses = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 1.0]])
    wanted = 4 * math.log(0.5) + 2 * math.log(0.75) + math.log(0.25)
    close(bernoulli_log_likelihood(logits, hits, misses), [[wanted]])


def test_goal_log_likelihood_by_hand():
    logits = torch.log(torch.tensor([1.0, 2.0, 3.0, 4.0])).expand(1, 4, 4)
    hits = torch.tensor([[0, 0, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]).float()
    misses = torch.tensor([[5, 0, 0, 0], [1, 0, 0, 7], [0, 0, 0, 0], [1, 1, 1, 1]]).float()
    wanted = [math.log(0.3), math.log(0.5), 0.0, 0.0]  # found; two empty; no step; impossible
    close(goal_log_likelihood(logits, hits, misses), [wanted])


def test_the_likeliest_goals_are_bayes_however_the_policy_looks():
    """Cells are tried in order until one pays, for two steps: the third is never looked at."""
    hits = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 0]]).float()  # a trial for each goal
    misses = torch.tensor([[0, 0, 0], [1, 0, 0], [1, 1, 0]]).float()
    found = {}
    for likelihood in (goal_log_likelihood, bernoulli_log_likelihood):
        logits = torch.zeros(3, requires_grad=True)
        optimizer = torch.optim.Adam([logits], lr=0.1)
        for _ in range(300):
            optimizer.zero_grad()
            (-likelihood(logits.expand(1, 3, 3), hits, misses).sum()).backward()
            optimizer.step()
        found[likelihood] = logits.detach()
    close(torch.softmax(found[goal_log_likelihood], 0), [1 / 3] * 3)
    # a head a cell: the second was right in one of the two trials that tried it
    np.testing.assert_allclose(
        torch.sigmoid(found[bernoulli_log_likelihood]), [1 / 3, 1 / 2, 1 / 2], atol=1e-3
    )


def test_elbo_by_hand_on_both_scales():
    likelihood = torch.tensor([[-1.0, -2.0], [-3.0, 99.0]])
    kl = torch.tensor([[0.5, 1.5], [1.0, 99.0]])
    mask = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    loss, figures = elbo_loss(likelihood, kl, mask, kl_coef=0.1)
    close(figures["reconstruction_loss"], 2.0)
    close(figures["belief_kl"], 1.0)
    close(loss, 2.1)
    # The release means the one over the 2 trials and sums the other over them.
    close(elbo_loss(likelihood, kl, mask, kl_coef=0.1, kl_scale="original")[0], 2.2)


def test_the_scale_of_the_bound_does_not_depend_on_the_number_of_trials():
    torch.manual_seed(0)
    likelihood, kl = torch.randn(5, 3), torch.rand(5, 3)
    mask = torch.ones(5, 3)
    twice = [torch.cat([part, part], dim=1) for part in (likelihood, kl, mask)]
    close(elbo_loss(*twice, kl_coef=0.3)[0], elbo_loss(likelihood, kl, mask, kl_coef=0.3)[0])
    grown, _ = elbo_loss(*twice, kl_coef=0.3, kl_scale="original")
    assert grown > elbo_loss(likelihood, kl, mask, kl_coef=0.3, kl_scale="original")[0] + 0.1


# ---- the encoder ---------------------------------------------------------------------------------


def test_the_first_belief_is_the_prior_and_beliefs_see_no_future():
    torch.manual_seed(0)
    encoder = RecurrentGaussian(3, 2, hidden_size=8)
    with torch.no_grad():
        encoder.belief.bias.normal_()
    inputs = torch.randn(6, 9, 3)
    mean, log_variance = encoder(inputs)
    assert mean.shape == log_variance.shape == (7, 9, 2)
    prior = encoder.read(encoder.initial_state(9))
    close(mean[0], prior[0].detach())
    close(log_variance[0], prior[1].detach())
    changed = inputs.clone()
    changed[3:] += 1.0
    other, _ = encoder(changed)
    assert torch.equal(other[:4], mean[:4]), "beliefs before the change"
    assert (other[4:] != mean[4:]).all(dim=-1).all()


def test_step_by_step_is_the_whole_sequence():
    torch.manual_seed(0)
    encoder = RecurrentGaussian(3, 2, hidden_size=8, memory=6)
    inputs = torch.randn(6, 9, 3)
    mean, log_variance = encoder(inputs)
    state = encoder.initial_state(9)
    with torch.no_grad():
        for step, shown in enumerate(inputs, start=1):
            state = encoder.step(shown, state)
            found = encoder.read(state)
            close(found[0], mean[step].detach())
            close(found[1], log_variance[step].detach())


def test_no_steps_leave_the_prior():
    encoder = RecurrentGaussian(3, 2, hidden_size=8)
    mean, log_variance = encoder(torch.zeros(0, 4, 3))
    assert mean.shape == (1, 4, 2) and (mean == 0).all() and (log_variance == 0).all()


# ---- decoders ------------------------------------------------------------------------------------


def trials(steps=4, columns=3, size=2, actions=5):
    torch.manual_seed(1)
    mask = torch.ones(steps, columns)
    mask[2:, 1] = 0.0
    return Transitions(
        inputs=torch.randn(steps, columns, size + actions + 2),
        before=torch.randint(0, 3, (steps, columns, size)).float(),
        actions=torch.randn(steps, columns, actions),
        after=torch.randint(0, 3, (steps, columns, size)).float(),
        rewards=torch.randint(-1, 2, (steps, columns)).float(),
        mask=mask,
        tasks=torch.randn(steps, columns, 2),
    )


GRID = spaces.Box(0.0, 2.0, (2,), np.float32)


@pytest.mark.parametrize(
    "decoder", [RewardDecoder(4, 2, 5, (8,)), StateDecoder(4, 2, 5, (8,))], ids=["reward", "state"]
)
def test_steps_are_decoded_one_by_one_past_and_future(decoder):
    data = trials()
    latents = torch.randn(3, 3, 4)
    found = decoder.log_likelihood(latents, data).detach()
    assert found.shape == (3, 3)
    shown, target = decoder.shown(data), decoder.target(data)
    for belief in range(3):
        for column in range(3):
            total = 0.0
            for step in range(int(data.mask[:, column].sum())):
                both = torch.cat([latents[belief, column], shown[step, column]])
                error = decoder.network(both) - target[step, column]
                total += -0.5 * float(error.detach().square().sum())
            assert float(found[belief, column]) == pytest.approx(total, rel=1e-4)


def test_some_decoded_steps_stand_for_all():
    data, decoder = trials(), RewardDecoder(4, 2, 5, (8,))
    latents = torch.randn(3, 3, 4)
    each = torch.stack(
        [decoder.log_likelihood(latents, data, torch.tensor([step])) for step in range(4)]
    )
    whole = decoder.log_likelihood(latents, data)
    close(each[:, :, 0].mean(dim=0), whole[:, 0].detach())
    close(each[:2, :, 1].mean(dim=0), whole[:, 1].detach())  # two of four steps are padding


def test_cells_are_the_places_of_the_observation():
    decoder = CellDecoder(4, GRID, ())
    seen = torch.tensor([[0.0, 0.0], [0.0, 2.0], [1.0, 0.0], [2.0, 2.0]])
    assert decoder.index(seen).tolist() == [0, 2, 3, 8]
    pays = decoder.probabilities(torch.randn(7, 4))
    assert pays.shape == (7, 3, 3) and ((pays > 0) & (pays < 1)).all()
    one_hot = CellDecoder(4, spaces.Discrete(6, start=2), ())
    assert one_hot.index(torch.eye(6)).tolist() == list(range(6))


def test_cells_are_decoded_for_every_step():
    data, decoder = trials(), CellDecoder(4, GRID, (8,))
    latents = torch.randn(3, 3, 4)
    found = decoder.log_likelihood(latents, data).detach()
    pays = decoder.probabilities(latents).detach()
    for belief in range(3):
        for column in range(3):
            total = 0.0
            for step in range(int(data.mask[:, column].sum())):
                x, y = data.after[step, column].int().tolist()
                chance = float(pays[belief, column, x, y])
                paid = bool(data.rewards[step, column] > 0)
                total += math.log(chance if paid else 1 - chance)
            assert float(found[belief, column]) == pytest.approx(total, rel=1e-4)


def test_where_one_cell_pays_probabilities_sum_to_one():
    data, decoder = trials(), CellDecoder(4, GRID, (8,), one_pays=True)
    latents = torch.randn(3, 3, 4)
    pays = decoder.probabilities(latents)
    close(pays.sum(dim=(-2, -1)), np.ones((3, 3)))
    data.rewards[:] = -1.0
    data.rewards[1, 0] = 1.0
    found = decoder.log_likelihood(latents, data).detach()
    x, y = data.after[1, 0].int().tolist()
    if data.after[:, 0].unique(dim=0).shape[0] == 4:
        close(found[:, 0], pays[:, 0, x, y].log().detach())
    seen = {tuple(cell) for cell in data.after[:2, 1].int().tolist()}
    left = 1 - sum(pays[:, 1, x, y] for x, y in seen)
    close(found[:, 1], left.log().detach())


def test_a_belief_is_held_to_the_task_in_force_after_its_steps():
    data, decoder = trials(), TaskDecoder(4, 2, ())
    latents = torch.randn(5, 3, 4)
    likelihood = decoder.log_likelihood(latents, data).detach()
    for belief in range(5):
        for column, last in enumerate([3, 1, 3]):  # the second trial has two steps
            task = data.tasks[min(belief, last), column]
            wanted = gaussian_log_likelihood(decoder.network(latents[belief, column]), task)
            close(likelihood[belief, column], wanted.detach())
    some = torch.tensor([0, 3])
    close(decoder.log_likelihood(latents[some], data, None, some).detach(), likelihood[some])


@pytest.mark.parametrize(
    "space",
    [spaces.Box(-np.inf, np.inf, (2,)), spaces.Box(0.0, 0.5, (2,)), spaces.Box(0, 999, (2,))],
)
def test_what_is_no_grid_has_no_cells(space):
    with pytest.raises(TypeError, match="has no cells"):
        CellDecoder(4, space, ())
