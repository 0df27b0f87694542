"""`metazoo play` and `video` with an agent that has a belief: it is drawn beside the picture."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from PIL import Image

from agents import VariBAD
from agents.cli.believed import beside, cells_of
from agents.cli.main import main


def test_an_agents_belief_is_played_beside_the_picture(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)
    agent = VariBAD(
        "BeliefPolicy",
        "meta/GridNavi-v0",
        n_envs=2,
        reward_decoder="goal",
        preset=None,
        policy_kwargs={"hidden_size": 8},
        seed=0,
    )
    agent.save("varibad.zip")
    sizes = []
    for player in ("varibad.zip", "random"):
        words = ["play", "meta/GridNavi-v0", "--agent", player, "--episodes", "1"]
        assert main([*words, "--out", "x.gif"]) == 0
        with Image.open("x.gif") as picture:
            sizes.append(picture.size)
    assert sizes[0][0] > sizes[1][0] + 200 and sizes[0][1] == sizes[1][1]


def test_likely_cells_are_blue_and_y_goes_up():
    picture = np.full((300, 200, 3), 7, dtype=np.uint8)
    cells = np.zeros((2, 2))
    cells[1, 0] = 1.0
    drawn = beside(picture, cells)
    assert drawn.shape[0] == 300 and (drawn[:, :200] == 7).all()
    panel = drawn[40:, 216:].astype(int)  # where cells are, from the top left one
    blue = (panel[..., 2] - panel[..., 0] > 100).nonzero()
    side = (300 - 40 - 16) / 2
    assert len(blue[0]) > 1000
    assert blue[0].min() > side - 3 and blue[1].min() > side - 3  # right, and below


def test_who_believes_nothing_about_cells_is_drawn_as_ever():
    picture = np.zeros((10, 10, 3), dtype=np.uint8)
    assert beside(picture, None) is picture
    flat = SimpleNamespace(belief=SimpleNamespace(cells=np.ones((1, 9))))
    for loop in (SimpleNamespace(), SimpleNamespace(belief=SimpleNamespace(cells=None)), flat):
        assert cells_of(loop) is None
