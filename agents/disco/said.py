"""What a learner's network says of windows of steps. M learners, T steps, B windows of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

Outputs = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Said:
    """Outputs at every state of windows, and at the true successors where an episode was cut."""

    whole: Outputs  # each [M, T + 1, B, ...]
    at_cuts: Outputs | None  # each [M, T, B, ...]; None if nothing was cut
    cut: torch.Tensor  # 1 where an episode was truncated, [M, T, B]

    def now(self, name: str) -> torch.Tensor:
        """Return outputs [M, T, B, ...] at the states in which actions were taken."""
        return self.whole[name][:, :-1]

    def pair(
        self, name: str, apply: Callable[[torch.Tensor], torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return outputs at the steps' states and at those that followed, each [M, T, B, ...].

        After an episode that terminated that is the next one's first state.

        Args:
            name: Of the output.
            apply: Applied to the outputs before.
        """
        whole = self.whole[name] if apply is None else apply(self.whole[name])
        now, after = whole[:, :-1], whole[:, 1:]
        if self.at_cuts is not None:
            given = self.at_cuts[name] if apply is None else apply(self.at_cuts[name])
            cut = self.cut.reshape(*self.cut.shape, *(1,) * (after.ndim - self.cut.ndim))
            after = torch.where(cut > 0, given, after)
        return now, after

    def mapped(
        self, apply: Callable[[Mapping[str, torch.Tensor]], dict[str, torch.Tensor]]
    ) -> Said:
        """Return a copy whose outputs were made of these."""
        at_cuts = None if self.at_cuts is None else apply(self.at_cuts)
        return Said(apply(self.whole), at_cuts, self.cut)
