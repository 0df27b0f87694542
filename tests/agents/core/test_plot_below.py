"""Meta-parameters are drawn under the returns of lifetimes."""

from __future__ import annotations

import numpy as np
import pytest

from agents import AdaptationCurve
from agents.core.evaluation.plot import comparison, save


def life(**figures):
    """A curve of 3 lives in 4 parts of 25 steps."""
    returns = np.arange(12.0).reshape(3, 4)
    protocol = {
        **{"agent": "STAC()", "env": "CartPole-v1", "env_kwargs": {}, "split": "all"},
        **{"num_tasks": 3, "episodes": 1, "rows_per_task": 1, "frozen_episodes": 0},
        **{"steps": 100, "bins": 4, "deterministic": False, "seed": 0, "num_envs": 3},
        "meta_parameters": ["gamma", "alpha"],
    }
    lengths = np.full((3, 1, 4), 25)
    parts = {"returns": returns, "row_returns": returns[:, None], "lengths": lengths}
    return AdaptationCurve(protocol=protocol, **parts, figures=figures)


def test_each_meta_parameter_has_a_panel_in_the_colours_of_the_lines(tmp_path):
    gamma = np.array([[np.nan, 0.5, 0.6, 0.7]] * 2 + [[np.nan, 0.7, 0.8, 0.9]])
    curves = {"one": life(gamma=gamma, entropy=gamma), "other": life(gamma=gamma - 0.1)}
    figure = comparison(curves)
    top, *below = figure.get_axes()
    assert [panel.get_ylabel() for panel in below] == ["gamma"]  # there is no course of alpha
    lines = below[0].get_lines()
    assert lines[0].get_xdata().tolist() == [50, 75, 100]
    assert lines[0].get_ydata() == pytest.approx(np.array([1.7, 2.0, 2.3]) / 3)
    colours = {line.get_label(): line.get_color() for line in top.get_lines()}
    assert [line.get_color() for line in lines] == [colours["one"], colours["other"]]
    assert top.get_xlabel() == "" and below[0].get_xlabel() == "step of the lifetime"
    save(figure, tmp_path / "plot.png")


def test_other_curves_are_drawn_as_ever():
    (ax,) = comparison({"one": life(entropy=np.ones((3, 4)))}).get_axes()
    assert ax.get_xlabel() == "step of the lifetime"
