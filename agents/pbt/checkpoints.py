"""The members of a population as their checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch


class Checkpoints:
    """The members' checkpoints, as tensors of bytes in the population's own.

    Args:
        members: M.
    """

    def __init__(self, members: int):
        self.contents: list[bytes | None] = [None] * members  # None has not begun

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the checkpoints of members that have begun, uint8 by number."""
        return {
            str(number): torch.frombuffer(bytearray(content), dtype=torch.uint8)
            for number, content in enumerate(self.contents)
            if content is not None
        }

    def named_parameters(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield nothing: members check their own numbers."""
        yield from ()

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take back what `state_dict` returned.

        Raises:
            RuntimeError: If there are other members, or something else than bytes.
        """
        known = {str(number) for number in range(len(self.contents))}
        if not state.keys() <= known or any(one.dtype != torch.uint8 for one in state.values()):
            raise RuntimeError(f"members {sorted(state)} must be bytes of {sorted(known)}")
        self.contents = [None] * len(self.contents)
        for number, content in state.items():
            self.contents[int(number)] = content.contiguous().numpy().tobytes()
