"""Checkpoints of Stable-Baselines3 models as bytes, without pickle."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.save_util import recursive_getattr

from ..core.saving.checkpoint import read_checkpoint, write_checkpoint
from ..core.saving.optimizer_state import pack_optimizer, unpack_optimizer

_COUNTS = ("num_timesteps", "_n_updates", "_episode_num")


def dump(model: BaseAlgorithm) -> bytes:
    """Return networks, optimisers, counts and replay buffer of a model."""
    names, loose = model._get_torch_save_params()
    tensors: dict[str, dict] = {"loose": {}}
    numbers = {}
    for name in names:
        part = recursive_getattr(model, name)
        if isinstance(part, torch.optim.Optimizer):
            numbers[name], tensors[name] = pack_optimizer(part)
        else:
            tensors[name] = part.state_dict()
    for name in loose:
        tensors["loose"][name] = recursive_getattr(model, name).detach()
    buffer = getattr(model, "replay_buffer", None)
    replay = {} if buffer is None else {"pos": buffer.pos, "full": bool(buffer.full)}
    tensors["replay"] = {} if buffer is None else dict(_arrays(buffer))
    counts = {name: int(getattr(model, name)) for name in _COUNTS if hasattr(model, name)}
    stream = io.BytesIO()
    data = {"optimizers": numbers, "counts": counts, "replay": replay}
    write_checkpoint(stream, data, tensors)
    return stream.getvalue()


def restore(model: Any, content: bytes) -> None:
    """Put what `dump` returned into a model made with the same arguments, but for numbers."""
    data, tensors = read_checkpoint(io.BytesIO(content))
    names, loose = model._get_torch_save_params()
    for name in names:
        part = recursive_getattr(model, name)
        if isinstance(part, torch.optim.Optimizer):
            unpack_optimizer(part, data["optimizers"][name], tensors.get(name, {}))
        else:
            part.load_state_dict(tensors[name])
    with torch.no_grad():
        for name in loose:
            recursive_getattr(model, name).copy_(tensors["loose"][name])
    for name, count in data["counts"].items():
        setattr(model, name, count)
    if data["replay"]:
        buffer = model.replay_buffer
        for name, array in _arrays(buffer):
            array[...] = tensors["replay"][name].numpy().reshape(array.shape)
        buffer.pos, buffer.full = data["replay"]["pos"], data["replay"]["full"]


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let what draws from global generators (as Stable-Baselines3 does) draw from a seed."""
    before = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.set_state(np.random.RandomState(seed % 2**32).get_state())
        try:
            yield
        finally:
            np.random.set_state(before)


def _arrays(buffer: Any) -> Iterator[tuple[str, np.ndarray]]:
    parts: Mapping[str, Any] = vars(buffer)
    for name, part in parts.items():
        if isinstance(part, np.ndarray) and part.dtype != object:
            yield name, part
        elif isinstance(part, dict):
            for key, one in part.items():
                if isinstance(one, np.ndarray):
                    yield f"{name}.{key}", one
