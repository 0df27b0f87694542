"""Single-lifetime agents that learn from replay buffers, which checkpoints may keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..lifetimes.off_policy import OffPolicyLoop
from .arguments import Declared, argument, at_least
from .lifetime_algorithm import LifetimeAlgorithm


class RowBufferArguments(Declared):
    """Arguments of who keeps a replay buffer for each row."""

    buffer_size: int = argument("Steps kept of each row.", at_least(2), default=1_000_000)
    save_replay_buffer: bool = argument(
        "Keep the replay buffers in checkpoints; without them a resumed run begins with empty "
        "ones, and differs from the run that was cut.",
        default=True,
    )


class ReplayLifetime(RowBufferArguments, LifetimeAlgorithm):
    """A learner with a replay buffer for each row; `_make_rule` returns an `OffPolicyRule`."""

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> OffPolicyLoop:
        """Return learners that have learnt nothing yet, one for each `rows_per_task` rows."""
        super().inner_loop(venv, rows_per_task, seed)  # which refuses other spaces
        made: Any = self.rule
        return OffPolicyLoop(made, venv, rows_per_task, seed)

    def _capture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        progress, tensors = super()._capture()
        if self.save_replay_buffer:
            self.loop.replay.mark()
            tensors["replay"] = self.loop.replay.marked_state
        return progress, tensors

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        if "replay" in tensors:
            self.loop.replay.set_state(tensors["replay"])
        else:
            self.loop.replay.clear()
        super()._restore(progress, tensors, path)
