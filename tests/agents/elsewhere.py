"""A second device without the hardware: tensors that hold numbers here and claim to be elsewhere.

What a GPU refuses is refused: operations on tensors of both devices, generators of the CPU, and
`numpy()`. The claimed device is PyTorch's `"meta"`, which autograd knows everywhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch
from torch.optim import optimizer
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = "meta"
_INDEXED = ("index.Tensor", "index_put_.default", "index_put.default", "_index_put_impl_.default")
_BETWEEN = ("copy_.default", "_to_copy.default")
_OF_NUMBERS = (torch.tensor, torch.as_tensor, torch.asarray)
_WHOLE = ("cat.default", "stack.default", "index_copy.default", "index_copy_.default")


class Elsewhere(torch.Tensor):
    """A tensor that claims to be on `DEVICE`; its numbers are in `inner`."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Elsewhere:
        made = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, inner.shape, inner.stride(), inner.storage_offset(), dtype=inner.dtype,
            device=DEVICE, requires_grad=inner.requires_grad,
        )  # fmt: skip
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})

    def tolist(self) -> Any:
        return self.inner.tolist()

    def data_ptr(self) -> int:
        return self.inner.data_ptr()

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Elsewhere({self.inner})"


class _Dispatch(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class _Made(TorchFunctionMode):
    """Makes tensors of given numbers here first: PyTorch makes them without asking the above."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor, torch.asarray) and _is_away(
            kwargs.get("device")
        ):
            return func(*args, **{**kwargs, "device": "cpu"}).to(DEVICE)
        return func(*args, **kwargs)


@contextlib.contextmanager
def elsewhere() -> Iterator[str]:
    """Give the name of the device, which exists inside."""
    fused = [*optimizer._get_fused_kernels_supported_devices(), DEVICE]  # as a GPU has them
    with mock.patch.object(optimizer, "_get_fused_kernels_supported_devices", lambda: fused):
        with _Made(), _Dispatch():
            yield DEVICE


def _is_away(device: Any) -> bool:
    return device is not None and torch.device(device).type == DEVICE


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = str(func).removeprefix("aten.")
    leaves = tree_leaves((args, kwargs))
    away = [one for one in leaves if isinstance(one, Elsewhere)]
    here = [one for one in leaves if type(one) is not Elsewhere and isinstance(one, torch.Tensor)]
    asked = kwargs.get("device")
    if name not in _BETWEEN:
        _refuse_mixed(name, args, away, here)
        if (away or _is_away(asked)) and any(isinstance(o, torch.Generator) for o in leaves):
            raise RuntimeError(f"{name}: a generator of the CPU cannot draw elsewhere")
    known = {id(one.inner): one for one in away}
    if asked is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}

    def inside(one: Any) -> Any:
        return one.inner if isinstance(one, Elsewhere) else one

    found = func(*tree_map(inside, args), **tree_map(inside, kwargs))
    if name == "copy_.default":
        return args[0]
    to = _is_away(asked) if asked is not None else bool(away)

    def outside(one: Any) -> Any:
        if not isinstance(one, torch.Tensor) or not to:
            return one
        return known.get(id(one)) if id(one) in known else Elsewhere(one)

    return tree_map(outside, found)


def _refuse_mixed(name: str, args: Any, away: list[Elsewhere], here: list[torch.Tensor]) -> None:
    if not away or not here:
        return
    if name in _INDEXED and isinstance(args[0], Elsewhere):
        here = [one for one in here if not any(one is index for index in args[1])]
    if any(one.ndim or name in _WHOLE for one in here):
        shapes = [tuple(one.shape) for one in here]
        raise RuntimeError(f"{name}: tensors {shapes} are on the CPU, and others are elsewhere")
