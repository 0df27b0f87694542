"""Tensors that an agent holds by name, in checkpoints like a network's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch


class HeldTensors:
    """Named tensors, replaced and never written in place.

    Args:
        tensors: By name.
    """

    def __init__(self, tensors: Mapping[str, torch.Tensor]):
        self.tensors = dict(tensors)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the tensors by name."""
        return dict(self.tensors)

    def named_parameters(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the tensors, which must be finite, by name."""
        yield from self.tensors.items()

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Hold what `state_dict` returned.

        Raises:
            RuntimeError: If names or shapes are others.
        """
        if unknown := sorted(state.keys() ^ self.tensors.keys()):
            raise RuntimeError(f"{unknown} are missing or unknown")
        for name, part in self.tensors.items():
            if state[name].shape != part.shape:
                raise RuntimeError(f"{name} must be of shape {tuple(part.shape)}")
        self.tensors = {name: state[name].clone() for name in self.tensors}
