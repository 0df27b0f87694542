"""An LSTM with a memory of episodes. T steps, B rows; I inputs, H outputs, K numbers of a cue.

L entries of a row's memory.
"""

from __future__ import annotations

import torch
from torch import nn

from ..core.nets.dnd import SAME, kernel_weights, nearest
from ..core.nets.rings import Layout, check_sizes
from ..core.nets.sequence import SequenceCore

Parts = dict[str, torch.Tensor]


class EpisodicLstm(SequenceCore):
    """An LSTM whose cell is also fed by a cell of an earlier episode with the same cue.

    When an episode begins, the last one's cell state is written under that one's cue, hidden and
    cell state begin anew, and the memory is asked for the new cue; what it recalls enters the cell
    at every step of the episode, through a gate of its own:
    c[t] = f c[t-1] + i g + r recalled. A trial begins with an empty memory.

    Inputs begin with the cue and end with 1 where an episode begins, else 0.

    Args:
        input_size: I.
        cue_size: K.
        hidden_size: H.
        entries: L, episodes that are remembered; the one that was written or recalled longest ago
            makes room.
        neighbours: Entries that a recalled cell is made of.
        delta: Of the kernel: an entry whose cue is much further than its root counts for nothing.
        recalls: Whether it recalls; False is the ablation.

    Raises:
        ValueError: If a size is out of range.

    Source:
        Ritter et al. 2018 (arXiv 1805.09692), equations 2 and 3: the reinstatement gate. Entries
        carry no gradient, as in its re-implementations.
    """

    def __init__(
        self,
        input_size: int,
        cue_size: int,
        hidden_size: int = 48,
        entries: int = 32,
        neighbours: int = 1,
        delta: float = 1e-2,
        recalls: bool = True,
    ):
        super().__init__()
        check_sizes(hidden_size=hidden_size, entries=entries, neighbours=neighbours)
        if not 1 <= cue_size < input_size:
            raise ValueError(f"cue_size={cue_size} must be from 1 to {input_size - 1}")
        self.input_size, self.output_size, self.cue_size = input_size, hidden_size, cue_size
        self.neighbours, self.delta, self.recalls = neighbours, delta, recalls
        self.inputs = nn.Linear(input_size, 5 * hidden_size)
        self.hidden = nn.Linear(hidden_size, 5 * hidden_size, bias=False)
        nn.init.xavier_uniform_(self.inputs.weight)
        nn.init.zeros_(self.inputs.bias)
        nn.init.orthogonal_(self.hidden.weight)
        with torch.no_grad():
            self.inputs.bias[hidden_size : 2 * hidden_size] = 1.0  # remember at first, as LSTM does
        self.layout = Layout(
            {
                **{name: (hidden_size,) for name in ("hidden", "cell", "recalled")},
                "cue": (cue_size,),
                "keys": (entries, cue_size),
                "values": (entries, hidden_size),
                "used": (entries, 1),  # 1 + the step of the last use; 0 where nothing was written
            }
        )

    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return zeros [B, S]."""
        return self.inputs.weight.new_zeros(batch_size, self.layout.size)

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step."""
        outputs, state = self.run(inputs[None], state)
        return outputs[0], state

    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence without resets."""
        count, parts = self.layout.count(state), dict(self.layout.views(state))
        shown, cues = self.inputs(inputs), inputs[..., : self.cue_size].detach()
        begins = inputs[..., -1] > 0.5
        somewhere = begins.any(dim=1).tolist()
        outputs = []
        for step in range(len(inputs)):
            if somewhere[step]:
                parts = self._begin(begins[step], cues[step], count, parts)
            gates = shown[step] + self.hidden(parts["hidden"])
            enter, keep, new, out, again = gates.chunk(5, dim=1)
            cell = torch.sigmoid(keep) * parts["cell"] + torch.sigmoid(enter) * torch.tanh(new)
            cell = cell + torch.sigmoid(again) * parts["recalled"]
            hidden = torch.sigmoid(out) * torch.tanh(cell)
            parts = {**parts, "hidden": hidden, "cell": cell, "cue": cues[step]}
            outputs.append(hidden)
            count = count + 1
        return torch.stack(outputs), self.layout.state(count, parts)

    def _begin(
        self, begins: torch.Tensor, cue: torch.Tensor, count: torch.Tensor, parts: Parts
    ) -> Parts:
        """Write what the last episode left, begin anew, and recall; where an episode begins."""
        here = begins[:, None]
        kept = self._written(begins & (count > 0), count, parts)
        recalled, used = self._recalled(cue, count, kept)
        used = torch.where(here[:, None], used, kept["used"])
        nothing = torch.zeros_like(parts["cell"])
        fresh = {name: torch.where(here, nothing, parts[name]) for name in ("hidden", "cell")}
        recalled = torch.where(here, recalled, parts["recalled"])
        return {**kept, **fresh, "recalled": recalled, "used": used}

    @torch.no_grad()
    def _written(self, ended: torch.Tensor, count: torch.Tensor, parts: Parts) -> Parts:
        """Write cells under their cues in the rows whose episode ended, bool [B]."""
        squared = (parts["keys"] - parts["cue"][:, None]).square().sum(dim=-1)
        squared = squared.masked_fill(parts["used"][..., 0] == 0, torch.inf)
        closest, place = squared.min(dim=1)
        oldest = parts["used"][..., 0].argmin(dim=1)  # an empty entry, if there is one
        place = torch.where(closest <= SAME**2, place, oldest)
        slots = torch.arange(squared.shape[1], device=place.device)
        at = ((slots == place[:, None]) & ended[:, None])[..., None]
        return {
            **parts,
            "keys": torch.where(at, parts["cue"][:, None], parts["keys"]),
            "values": torch.where(at, parts["cell"].detach()[:, None], parts["values"]),
            "used": torch.where(at, (count + 1).to(squared.dtype)[:, None, None], parts["used"]),
        }

    @torch.no_grad()
    def _recalled(
        self, cue: torch.Tensor, count: torch.Tensor, parts: Parts
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the cells [B, H] that cues recall, and when entries were used then, [B, L, 1]."""
        if not self.recalls:
            return torch.zeros_like(parts["cell"]), parts["used"]
        keys, query = parts["keys"], cue[:, None]
        found = nearest(keys, parts["used"][..., 0] > 0, query, self.neighbours)
        rows = torch.arange(len(cue), device=cue.device)[:, None, None]
        weights = kernel_weights(query, keys[rows, found.place], found.found, self.delta)
        familiar = self.delta / (found.squared[..., :1] + self.delta)  # 0 where nothing is near
        values = parts["values"][rows, found.place]  # [B, 1, p, H]
        recalled = ((weights * familiar)[..., None] * values).sum(dim=2)[:, 0]
        same = (found.squared[:, 0] <= SAME**2).to(recalled.dtype)  # others are not in use
        touched = torch.zeros_like(parts["used"][..., 0]).scatter(1, found.place[:, 0], same) > 0
        now = (count + 1).to(recalled.dtype)[:, None, None]
        return recalled, torch.where(touched[..., None], now, parts["used"])
