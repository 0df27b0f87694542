"""The network of MIL, whose parameters may differ by task.

M tasks, N steps of a task, D numbers or bytes of an input, C channels, A numbers of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from gymnasium import spaces
from torch import nn
from torch.nn.functional import conv2d

from ..core.nets.frames import FrameForm
from .answers import Answers
from .inputs import Inputs

Parameters = Mapping[str, torch.Tensor]  # by name, one set per task [M, ...]
_NORMED = ("convolutions", "all", "none")
_EPSILON = 1e-5  # added to variances


class ImitationPolicy(nn.Module):
    """Convolutions over frames, if there are any, and layers over what they and the state give.

    All layers have ReLU. The first takes a learnt vector beside its inputs (the bias
    transformation), whose adaptation moves the biases more freely than their own gradient does.
    With `two_heads` a head of its own serves the pass before adaptation, and a further first layer
    if that pass is not shown the state; what is learnt of it is the loss that adaptation follows.

    Args:
        observation_space: Vectors, discrete observations, at most one frame, and Dicts of these.
        action_space: Box of floats, or Discrete.
        net_arch: Widths of the layers.
        bias_transformation: Numbers of the learnt vector; 0 leaves it out.
        layer_norm: What is normalised, with an offset and no scale: `"convolutions"`, `"all"`
            layers, or `"none"`.
        filters: Channels of the convolutions, each with stride 2.
        kernel: Their side in pixels.
        spatial_softmax: Give the layers the mean places of each channel, not all its pixels.
        image_transformation: Give the convolutions a learnt image beside each frame.
        two_heads: See above.
        hide_state: Show the pass before adaptation frames alone, and learnt numbers for the state.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If a value is out of range; if the state is to be hidden, and there is no frame.

    Source:
        Finn, Yu et al. 2017, sections 4 and 5, and the code published with it.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] = (100, 100),
        bias_transformation: int = 10,
        layer_norm: str = "convolutions",
        filters: Sequence[int] = (30, 30, 30),
        kernel: int = 3,
        spatial_softmax: bool = False,
        image_transformation: bool = False,
        two_heads: bool = False,
        hide_state: bool = False,
    ):
        super().__init__()
        if layer_norm not in _NORMED:
            raise ValueError(f"layer_norm={layer_norm!r} is unknown; allowed are {list(_NORMED)}")
        self.reader = Inputs(observation_space, action_space)
        self.answers = Answers(action_space)
        self.layer_norm, self.spatial_softmax = layer_norm, spatial_softmax
        self.two_heads, self.hide_state = two_heads, hide_state
        self.numbers = self.reader.numbers  # of a step's state
        frames = list(self.reader.builder.frame_spaces.values())
        if len(frames) > 1:
            raise TypeError(f"{observation_space}: ImitationPolicy takes one frame, not several")
        if hide_state and not frames:
            raise ValueError(
                f"demo_states=False leaves nothing to see of {observation_space}, which has no "
                "uint8 frame; leave it True"
            )
        self.form = FrameForm.of(frames[0]) if frames else None
        self.convolutions = nn.ModuleList()
        seen = self.numbers
        if self.form is not None:
            seen += self._convolved(filters, kernel, image_transformation)
        self.vector = nn.Parameter(torch.zeros(bias_transformation))
        if hide_state:
            self.unseen = nn.Parameter(torch.zeros(self.numbers))
        sizes = [seen + bias_transformation, *net_arch]
        self.layers = nn.ModuleList(_layer(*pair) for pair in pairwise(sizes))
        self.head = _layer(sizes[-1], self.answers.size)
        if two_heads:
            self.first_head = _layer(sizes[-1], self.answers.size)
            if hide_state and len(self.layers):
                self.first_layer = _layer(*sizes[:2])
        self._before = {"head": "first_head", "layers.0": "first_layer"}

    def _convolved(self, filters: Sequence[int], kernel: int, image: bool) -> int:
        """Make the convolutions, and return the number of their features."""
        assert self.form is not None
        channels, height, width = self.form.shape
        if image:
            self.image = nn.Parameter(torch.zeros(channels, height, width))
            channels *= 2
        for count in filters:
            layer = nn.Conv2d(channels, count, kernel, stride=2, padding=kernel // 2)
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            self.convolutions.append(layer)
            channels, height, width = count, (height + 1) // 2, (width + 1) // 2
        return 2 * channels if self.spatial_softmax else channels * height * width

    def adapted(self) -> list[str]:
        """Return the names of the parameters that the pass before adaptation uses."""
        left = [
            own
            for own, twin in self._before.items()
            if self.two_heads and (own == "head" or hasattr(self, twin))
        ]
        return [
            name
            for name, _ in self.named_parameters()
            if not any(name.startswith(f"{one}.") for one in left)
        ]

    def inputs(self, observations: Any) -> torch.Tensor:
        """Return raw observations [R, ...] as rows [R, D]."""
        return self.reader.flat(observations)

    def apply_parameters(
        self, parameters: Parameters, inputs: torch.Tensor, before: bool = False
    ) -> torch.Tensor:
        """Return answers [M, N, A].

        Args:
            parameters: One set per task, [M, ...].
            inputs: [M, N, D].
            before: Whether this is the pass before adaptation.
        """
        vector = parameters["vector"]
        tasks, steps = inputs.shape[:2]
        state = self.reader.state(inputs).to(vector.dtype)
        if before and self.hide_state:
            state = parameters["unseen"][:, None].expand(tasks, steps, -1)
        parts = [state, vector[:, None].expand(tasks, steps, -1)]
        if self.form is not None:
            frames = self.reader.frames(inputs)[0]
            features = [
                self._convolve({name: part[m] for name, part in parameters.items()}, frames[m])
                for m in range(tasks)
            ]
            parts.insert(0, torch.stack(features))
        hidden = torch.cat(parts, dim=-1)
        for index in range(len(self.layers)):
            name = self._name(f"layers.{index}", before)
            if self.layer_norm == "all":
                product = hidden @ parameters[f"{name}.weight"].transpose(1, 2)
                hidden = _normed(product, (-1,)) + parameters[f"{name}.bias"].unsqueeze(1)
            else:
                hidden = _linear(parameters, name, hidden)
            hidden = torch.relu(hidden)
        return _linear(parameters, self._name("head", before), hidden)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return answers [R, A] of inputs [R, D], with the shared parameters."""
        shared = {name: part[None] for name, part in self.named_parameters()}
        return self.apply_parameters(shared, inputs[None])[0]

    def _name(self, own: str, before: bool) -> str:
        """Return the name of a layer, or of its twin for the pass before adaptation."""
        twin = self._before.get(own)
        return twin if before and self.two_heads and twin and hasattr(self, twin) else own

    def _convolve(self, own: Parameters, frames: torch.Tensor) -> torch.Tensor:
        """Return one task's features [N, F] of frames [N, ...]."""
        assert self.form is not None
        images = self.form.images(frames, own["vector"].dtype)
        if "image" in own:
            learnt = own["image"].clamp(0.0, 1.0).expand_as(images)
            images = torch.cat([images, learnt], dim=1)
        for index, layer in enumerate(self.convolutions):
            weight, bias = (own[f"convolutions.{index}.{part}"] for part in ("weight", "bias"))
            assert isinstance(layer, nn.Conv2d) and not isinstance(layer.padding, str)
            if self.layer_norm == "none":
                images = conv2d(images, weight, bias, layer.stride, layer.padding)
            else:
                images = conv2d(images, weight, None, layer.stride, layer.padding)
                images = _normed(images, (1, 2, 3)) + bias[:, None, None]
            images = torch.relu(images)
        return _mean_places(images) if self.spatial_softmax else images.flatten(1)


def _layer(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _linear(parameters: Parameters, name: str, inputs: torch.Tensor) -> torch.Tensor:
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    return torch.baddbmm(bias.unsqueeze(1), inputs, weight.transpose(1, 2))


def _normed(values: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    """Return values with mean 0 and variance 1 over `axes`."""
    centred = values - values.mean(dim=axes, keepdim=True)
    variance = centred.square().mean(dim=axes, keepdim=True)
    return centred / (variance + _EPSILON).sqrt()


def _mean_places(images: torch.Tensor) -> torch.Tensor:
    """Return where each channel is, by a softmax over its pixels.

    Args:
        images: [N, C, H, W].

    Returns:
        x and y from -1 to 1, [N, 2 C].

    Source:
        Levine, Finn et al. 2016, section 5.1.
    """
    count, channels, height, width = images.shape
    chances = images.flatten(2).softmax(dim=-1).reshape(count, channels, height, width)
    x, y = (torch.linspace(-1, 1, n, dtype=images.dtype) for n in (width, height))
    return torch.cat([(chances.sum(2) * x).sum(-1), (chances.sum(3) * y).sum(-1)], dim=1)
