"""Checkpoints that were written before policies had step encoders are read as they were meant."""

from __future__ import annotations

import pathlib

import pytest
import torch

from agents import RL2, VariBAD

FOLDER = pathlib.Path(__file__).parent / "data"
WANTED = {  # parameters and values of the last of three steps, when the files were written
    "rl2": (
        [-1.6070595979690552, -1.6043636798858643, -1.6121532917022705, -1.6080676317214966],
        [0.5716012120246887, 0.5527111887931824],
    ),
    "varibad": (
        [-1.6276373863220215, -1.5961782932281494, -1.600710391998291, -1.6156505346298218],
        [-0.5806941986083984, -0.6197596788406372],
    ),
}


@pytest.mark.parametrize("algorithm", [RL2, VariBAD])
def test_policies_of_older_files_act_as_they_did(algorithm):
    name = algorithm.__name__.lower()
    agent = algorithm.load(FOLDER / f"{name}.zip")
    inputs = torch.linspace(-1, 1, 3 * 2 * 8).reshape(3, 2, 8)
    params, values = agent.policy(inputs)
    wanted = [torch.tensor(part) for part in WANTED[name]]
    torch.testing.assert_close(params[-1, 1, :4], wanted[0])
    torch.testing.assert_close(values[-1], wanted[1])
    assert agent.learn(100, reset_num_timesteps=False).num_timesteps > 400
