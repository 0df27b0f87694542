"""Random network distillation: how new something is. N inputs of D numbers."""

from __future__ import annotations

import torch
from torch import nn

from .kernels.layer import Linear
from .trunk import make_layers

_TARGET_SCALE = 10.0  # of the target's weights, so that it changes over short distances


class RandomDistillation(nn.Module):
    """Predicts a random network's outputs, and is wrong where it has not been trained.

    Args:
        input_size: D.
        hidden_size: Width of the two hidden layers of both networks.
        output_size: Numbers to predict.

    Source:
        Burda et al. 2019, section 2.2; sizes and the target's scale: Zintgraf et al. 2021 (HyperX).
    """

    def __init__(self, input_size: int, hidden_size: int = 256, output_size: int = 128):
        super().__init__()
        sizes = (hidden_size, hidden_size)
        self.predictor, self.target = (
            nn.Sequential(make_layers(input_size, sizes, nn.ReLU), Linear(hidden_size, output_size))
            for _ in range(2)
        )
        self.target.requires_grad_(False)
        with torch.no_grad():
            for part in self.target.parameters():
                part.mul_(_TARGET_SCALE ** (1 / 3))  # through three layers

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of the prediction, [..., D] -> [...]."""
        return (self.predictor(inputs) - self.target(inputs)).square().mean(dim=-1)
