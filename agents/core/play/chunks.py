"""Parts of long trials as minibatches (truncated backpropagation through time).

T steps, B trials (one a column), C chunks of a trial, W steps of a window, S numbers of state.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ..nets.recurrent_policy import RecurrentPolicy
from .trials import Batch


class Chunks:
    """Cuts trials into chunks of `length` steps, each preceded by up to `overlap` steps.

    Every step of a trial belongs to one chunk and counts only in that chunk's loss. The steps
    before a chunk only warm up its memory: they begin with the state that the acting policy had
    there (or at the trial's start, if that is nearer), carry no loss, and let gradients flow back
    through them.

    Only a minibatch at a time is unrolled, so memory grows with the minibatch and not with the
    trials' length.

    Args:
        whole: The trials.
        policy: The policy as it acted, not yet updated; computes the states before the chunks.
        length: Steps of a chunk.
        overlap: Steps before it.
    """

    def __init__(self, whole: Batch, policy: RecurrentPolicy, length: int, overlap: int):
        self.whole, self.length = whole, length
        self.steps = whole.mask.shape[0]
        device = whole.mask.device
        self.first = torch.arange(0, self.steps, length, device=device)  # own step of a chunk, [C]
        self.begin = (self.first - overlap).clamp(min=0)  # start of its window, [C]
        self.states = _states_at(policy, whole.inputs, self.begin.tolist())  # [C, B, S]
        self.items = (whole.mask[self.first] > 0).nonzero()  # (chunk, trial) pairs that were played
        self.window = torch.arange(min(length + overlap, self.steps), device=device)[:, None]

    def __len__(self) -> int:
        """Return the number of chunks with a step that was played."""
        return len(self.items)

    def batch(self, index: torch.Tensor) -> Batch:
        """Return some of the chunks, [W, len(index)], with 1 in the mask at their own steps."""
        chunk, trial = self.items[index].unbind(1)
        time = self.begin[chunk] + self.window
        own = (time >= self.first[chunk]) & (time < self.first[chunk] + self.length)
        own &= time < self.steps
        time = time.clamp(max=self.steps - 1)
        parts = {name: part[time, trial] for name, part in self.whole.steps.items()}
        parts["mask"] = parts["mask"] * own
        return Batch(**parts, state=self.states[chunk, trial])

    def shuffled(self, size: int | None, shuffle: np.random.Generator) -> Iterator[Batch]:
        """Yield all chunks once, in minibatches of at most `size`, as equal as can be."""
        order = torch.from_numpy(shuffle.permutation(len(self))).to(self.items.device)
        for index in order.tensor_split(-(-len(self) // (size or len(self)))):
            yield self.batch(index)


@torch.no_grad()
def _states_at(policy: RecurrentPolicy, inputs: torch.Tensor, times: list[int]) -> torch.Tensor:
    """Return the states before the steps `times`, which rise: [len(times), B, S]."""
    state, at, kept = policy.initial_state(inputs.shape[1]), 0, []
    for time in times:
        if time > at:
            state, at = policy.advance(inputs[at:time], state), time
        kept.append(state)
    return torch.stack(kept)
