"""The figure of a belief: its panels show the trial that was played."""

import numpy as np
import pytest
import torch

from agents import VariBAD
from agents.varibad.figure import Believed, draw_belief, watch_belief

torch.set_num_threads(1)
SMALL = {"n_envs": 4, "policy_kwargs": {"hidden_size": 8}, "seed": 0, "preset": None}


@pytest.fixture(scope="module")
def agent():
    return VariBAD("BeliefPolicy", "meta/GridNavi-v0", reward_decoder="cells", **SMALL)


def test_a_trial_is_watched_from_the_prior_on(agent):
    moments = watch_belief(agent, episodes=2, seed=1, deterministic=False)
    assert [(m.episode, m.step) for m in moments] == [(e, s) for e in (1, 2) for s in range(16)]
    for moment in moments:
        assert moment.cells.shape == (5, 5) and (moment.reward is None) == (moment.step == 0)
    for before, after in zip(moments, moments[1:], strict=False):
        if after.step == 0:
            assert (after.position == 0).all()
            np.testing.assert_array_equal(after.cells, before.cells)  # kept between episodes
        else:
            assert np.abs(after.position - before.position).sum() <= 1
            assert np.abs(after.cells - before.cells).max() > 0
    again = watch_belief(agent, episodes=2, seed=1, deterministic=False)
    assert all((a.cells == b.cells).all() for a, b in zip(moments, again, strict=True))


def test_panels_are_cells_with_x_to_the_right_and_y_upwards(tmp_path):
    cells = np.zeros((3, 4))
    cells[2, 1] = 0.75
    moments = [
        Believed(1, 0, np.array([0.0, 0.0]), cells, None),
        Believed(1, 1, np.array([1.0, 0.0]), cells, 1.0),
        Believed(2, 0, np.array([0.0, 0.0]), cells, None),
    ]
    figure = draw_belief(moments, tmp_path / "belief.png")
    assert (tmp_path / "belief.png").read_bytes().startswith(b"\x89PNG")
    shown = [ax for ax in figure.axes if ax.images]
    assert len(figure.axes) == 4 and len(shown) == 3
    (image,) = shown[1].images
    assert image.origin == "lower" and image.get_array()[1, 2] == 0.75
    assert shown[1].lines[-1].get_xydata().tolist() == [[1.0, 0.0]]
    assert shown[1].lines[0].get_xydata().tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert len(shown[2].lines[0].get_xydata()) == 1, "each episode has its own trail"


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="decodes no grid"):
        watch_belief(VariBAD("BeliefPolicy", "meta/GridNavi-v0", **SMALL))
    with pytest.raises(ValueError, match="no moments"):
        draw_belief([])
