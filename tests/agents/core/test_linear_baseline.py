import numpy as np
import pytest
import torch

from agents.core.losses.linear_baseline import features, fit_linear_baseline


def batch(tasks=3, steps=40, size=6, seed=0):
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(rng.normal(size=(tasks, steps, size)))
    targets = torch.from_numpy(rng.normal(size=(tasks, steps)))
    mask = torch.from_numpy((rng.random((tasks, steps)) < 0.8).astype(float))
    return inputs, targets, mask


@pytest.mark.parametrize("ridge", [1e-5, 1.0])
def test_it_is_numpys_least_squares_of_each_task(ridge):
    inputs, targets, mask = batch()
    predicted = fit_linear_baseline(inputs, targets, mask, ridge)
    for task in range(len(inputs)):
        played = mask[task].numpy() > 0
        rows = inputs[task].numpy()
        # the ridge is what further rows of its root, with targets of 0, ask for
        tall = np.vstack([rows[played], np.sqrt(ridge) * np.eye(rows.shape[1])])
        wanted = np.concatenate([targets[task].numpy()[played], np.zeros(rows.shape[1])])
        solution, *_ = np.linalg.lstsq(tall, wanted, rcond=None)
        np.testing.assert_allclose(predicted[task].numpy()[played], rows[played] @ solution)
        assert (predicted[task].numpy()[~played] == 0).all()


def test_features_are_observation_square_time_powers_and_one():
    made = features(torch.tensor([[2.0, -30.0]]), torch.tensor([50]))
    assert made.tolist() == [[2, -10, 4, 100, 0.5, 0.25, 0.125, 1]]


def test_a_singular_fit_is_tried_with_more_ridge():
    inputs, targets, mask = batch()
    inputs[1, :, 3] = inputs[1, :, 2]  # the same feature twice, and no ridge to tell them apart
    inputs[1, :, 4:] = 0
    predicted = fit_linear_baseline(inputs, targets, mask, ridge=1e-300)
    assert torch.isfinite(predicted).all()
    alone = fit_linear_baseline(inputs[[0, 2]], targets[[0, 2]], mask[[0, 2]], ridge=1e-300)
    torch.testing.assert_close(predicted[[0, 2]], alone, rtol=1e-9, atol=1e-12)


def test_what_cannot_be_fitted_is_predicted_as_zero_and_harms_no_other_task():
    inputs, targets, mask = batch()
    targets[1, 0] = torch.nan
    mask[1, 0] = 1
    predicted = fit_linear_baseline(inputs, targets, mask)
    assert (predicted[1] == 0).all() and (predicted[0][mask[0] > 0] != 0).all()
