"""Ring buffers in flat states, and attention over them. B rows, T steps, L slots of a ring.

What a row saw at time t (its own count of steps) is in slot t mod L. A core's state [B, S] begins
with that count; slots that were never written hold zeros. Nothing here writes to its arguments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch.nn import functional


class Layout:
    """Where the parts of a flat state are: first a count of steps, then named arrays.

    Args:
        parts: Shape of each part of one row, by name.
    """

    def __init__(self, parts: Mapping[str, tuple[int, ...]]):
        self.parts = dict(parts)
        self.size = 1 + sum(math.prod(shape) for shape in self.parts.values())

    def count(self, state: torch.Tensor) -> torch.Tensor:
        """Return the steps that each row has seen, int64 [B]."""
        return state[:, 0].long()

    def views(self, state: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the parts of a state [B, S] by name, as views of it."""
        found, begin = {}, 1
        for name, shape in self.parts.items():
            end = begin + math.prod(shape)
            found[name] = state[:, begin:end].unflatten(1, shape)
            begin = end
        return found

    def state(self, count: torch.Tensor, parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the state [B, S] of all parts after `count` steps, int64 [B]."""
        flat = [parts[name].flatten(1) for name in self.parts]
        return torch.cat([count[:, None].to(flat[0].dtype), *flat], dim=1)


def ordered(ring: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Return a ring [B, L, C] from its oldest time to its newest: count - L to count - 1."""
    return _taken(ring, count[:, None] + torch.arange(ring.shape[1], device=ring.device))


def pushed(ring: torch.Tensor, new: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Return a ring [B, L, C] after T more steps [B, T, C] that follow `count` others, [B]."""
    length, done = ring.shape[1], count + new.shape[1]
    if new.shape[1] < length:
        new = torch.cat([ordered(ring, count), new], dim=1)
    slots = torch.arange(length, device=ring.device)
    return _taken(new[:, -length:], slots - done[:, None])


def _taken(parts: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    where = (index % parts.shape[1])[..., None].expand(-1, -1, parts.shape[2])
    return parts.gather(1, where)


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    rings: tuple[torch.Tensor, torch.Tensor],
    count: torch.Tensor,
    heads: int = 1,
) -> torch.Tensor:
    """Let every step attend to itself and to the L - 1 steps before it.

    Args:
        query: Of T steps, [B, T, K].
        key: [B, T, K].
        value: [B, T, V].
        rings: Keys [B, L, K] and values [B, L, V] of earlier steps.
        count: Steps before the first of these, int64 [B].
        heads: Equal parts of K and V that attend separately.

    Returns:
        [B, T, V].
    """
    length, steps = rings[0].shape[1], query.shape[1]
    if steps <= length and not bool(count.any()):
        return _attention(query, key, value, heads, None, causal=True)
    slots = torch.arange(length, device=query.device)
    newest = count[:, None] - 1
    times = newest - (newest - slots) % length  # [B, L]; negative where nothing was written
    now = count[:, None] + torch.arange(steps, device=query.device)
    back = now[:, :, None] - torch.cat([times, now], dim=1)[:, None]  # [B, T, L + T]
    seen = (back >= 0) & (back < length)
    seen &= torch.cat([times >= 0, torch.ones_like(now, dtype=torch.bool)], dim=1)[:, None]
    keys, values = torch.cat([rings[0], key], dim=1), torch.cat([rings[1], value], dim=1)
    return _attention(query, keys, values, heads, seen)


def attend_step(
    query: torch.Tensor,
    rings: tuple[torch.Tensor, torch.Tensor],
    count: torch.Tensor,
    heads: int = 1,
) -> torch.Tensor:
    """Let one step attend to rings that hold it already.

    Args:
        query: [B, K].
        rings: Keys [B, L, K] and values [B, L, V], this step's among them.
        count: Steps before this one, int64 [B].
        heads: As in `attend`.

    Returns:
        [B, V].
    """
    least, most = (int(one) for one in count.aminmax())
    filled = min(most + 1, rings[0].shape[1])
    seen = None
    if least + 1 < filled:
        seen = (torch.arange(filled, device=count.device) <= count[:, None])[:, None]
    keys, values = rings[0][:, :filled], rings[1][:, :filled]
    return _attention(query[:, None], keys, values, heads, seen)[:, 0]


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    heads: int,
    seen: torch.Tensor | None,
    causal: bool = False,
) -> torch.Tensor:
    query, key, value = (
        part.unflatten(2, (heads, -1)).transpose(1, 2) for part in (query, key, value)
    )
    mask = None if seen is None else seen[:, None]
    attention = functional.scaled_dot_product_attention
    out = attention(query, key, value, attn_mask=mask, is_causal=causal)
    return out.transpose(1, 2).flatten(2)


def check_sizes(**sizes: int) -> None:
    """Refuse sizes below 1.

    Raises:
        ValueError: Naming the size.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}={size} must be at least 1")
