"""Checkpoint files: a zip of JSON and safetensors, written whole or not at all, checked when read.

    data.json              {"format": 1, "metazoo": version, "data": the caller's JSON}
    <group>.safetensors    one for each group of named tensors
    manifest.json          {member: its SHA-256}

Equal content gives equal bytes. No member is pickled, compressed or ever unpacked to disk.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors.torch
import torch

from .encoding import decode, decode_settings, encode, encode_settings
from .files import atomic_file, remove_leftovers
from .optimizer_state import pack_optimizer, unpack_optimizer

__all__ = [
    "CheckpointError",
    "atomic_file",
    "decode",
    "decode_settings",
    "encode",
    "encode_settings",
    "pack_optimizer",
    "read_checkpoint",
    "read_with_version",
    "remove_leftovers",
    "unpack_optimizer",
    "write_checkpoint",
]

FORMAT = 1  # raised whenever an older reader would misread the file
_DATA, _MANIFEST, _GROUP = "data.json", "manifest.json", ".safetensors"
_GROUP_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date in a zip: bytes must not depend on the clock

Tensors = dict[str, dict[str, torch.Tensor]]


class CheckpointError(ValueError):
    """The file is not a checkpoint, is damaged, or was written by a newer metazoo."""


def write_checkpoint(
    path: str | os.PathLike | BinaryIO,
    data: Mapping[str, Any],
    tensors: Mapping[str, Mapping[str, torch.Tensor | np.ndarray]],
    version: str | None = None,
) -> None:
    """Write a checkpoint; if that fails, any existing file is left untouched.

    Args:
        path: A file name, to which ".zip" is added if it has no suffix, or a binary file.
        data: JSON data, e.g. from `encode_settings`.
        tensors: Named tensors, by group.
        version: Of the metazoo that wrote it first; None is this one.

    Raises:
        ValueError: `data` is not JSON, or a group's name cannot be part of a file name.
        OSError: The file cannot be written.
    """
    members = _members(data, tensors, _version() if version is None else version)
    if not isinstance(path, str | os.PathLike):
        path.write(_archive(members).getbuffer())
        return
    target = Path(path)
    target = target.with_name(f"{target.name}.zip") if target.suffix == "" else target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(target) as stream:
            stream.write(_archive(members).getbuffer())
    except OSError as error:
        reason = error.strerror or str(error)
        kept = "; the checkpoint that was there is untouched" if target.is_file() else ""
        raise OSError(
            error.errno or errno.EIO, f"cannot save the checkpoint ({reason}){kept}", str(target)
        ) from error


def read_checkpoint(path: str | os.PathLike | BinaryIO) -> tuple[dict[str, Any], Tensors]:
    """Read a checkpoint back.

    Args:
        path: A file name, with or without ".zip", or a binary file.

    Returns:
        The caller's data, and the tensors (on the CPU) by group.

    Raises:
        OSError: The file is missing or unreadable.
        CheckpointError: The file is not a checkpoint, is damaged, or comes from a newer metazoo.
    """
    if not isinstance(path, str | os.PathLike):
        return _parse(path.read(), str(getattr(path, "name", "the given file")))
    source = Path(path)
    if not source.is_file() and source.suffix == "":
        source = source.with_name(f"{source.name}.zip")
    try:
        content = source.read_bytes()
    except FileNotFoundError as error:
        near = sorted(file.name for file in source.parent.glob("*.zip"))[:5]
        hint = f"the folder has {near}" if near else "no checkpoint is in that folder"
        raise FileNotFoundError(
            error.errno, f"there is no such checkpoint ({hint})", str(source)
        ) from error
    except OSError as error:
        raise OSError(
            error.errno, f"cannot read the checkpoint ({error.strerror})", str(source)
        ) from error
    return _parse(content, str(source))


def read_with_version(path: str | os.PathLike) -> tuple[dict[str, Any], Tensors, str]:
    """Read a checkpoint as `read_checkpoint` does, and the version of the metazoo that wrote it."""
    data, tensors = read_checkpoint(path)
    with zipfile.ZipFile(path) as archive:
        version = json.loads(archive.read(_DATA)).get("metazoo")
    return data, tensors, str(version)


def _version() -> str:
    try:
        return metadata.version("metazoo")
    except metadata.PackageNotFoundError:
        return "unknown"


def _members(
    data: Mapping[str, Any],
    tensors: Mapping[str, Mapping[str, torch.Tensor | np.ndarray]],
    version: str,
) -> dict[str, bytes]:
    members = {_DATA: _to_json({"format": FORMAT, "metazoo": version, "data": dict(data)})}
    for group in sorted(tensors):
        if not _GROUP_NAME.fullmatch(group):
            raise ValueError(f"tensor group {group!r} must match {_GROUP_NAME.pattern}")
        # copies: safetensors refuses tensors that share memory, as tied weights do
        named = {
            name: torch.as_tensor(value).detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in sorted(tensors[group].items())
        }
        members[f"{group}{_GROUP}"] = safetensors.torch.save(named)
    members[_MANIFEST] = _to_json({name: _sha256(content) for name, content in members.items()})
    return members


def _to_json(value: Any) -> bytes:
    try:
        text = json.dumps(value, sort_keys=True, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"a checkpoint's data must be JSON ({error}); use encode_settings"
        ) from error
    return text.encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _archive(members: Mapping[str, bytes]) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, compress_type=zipfile.ZIP_STORED)
    return stream


def _parse(content: bytes, path: str) -> tuple[dict[str, Any], Tensors]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            data = _read_data(archive, path)
            _check_members(archive, path)
            tensors: Tensors = {}
            for name in archive.namelist():
                if name.endswith(_GROUP):
                    group = name.removesuffix(_GROUP)
                    tensors[group] = safetensors.torch.load(archive.read(name))
            return data, tensors
    except CheckpointError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds of error for damaged files
        if not content.startswith(b"PK"):
            what = "is empty" if not content else "is not a zip"
            raise CheckpointError(f"{path} {what}, so it is not a metazoo checkpoint") from error
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _read_data(archive: zipfile.ZipFile, path: str) -> dict[str, Any]:
    """Read the caller's data, refusing foreign or newer files before looking any closer."""
    names = set(archive.namelist())
    if "_stable_baselines3_version" in names:
        raise CheckpointError(
            f"{path} is a model of Stable-Baselines3; load it with its own class there"
        )
    if not names & {_DATA, _MANIFEST}:
        raise CheckpointError(
            f"{path} is a zip but no metazoo checkpoint; it holds {sorted(names)[:5]}"
        )
    if missing := {_DATA, _MANIFEST} - names:
        raise _damaged(path, f"{sorted(missing)} is missing")
    if archive.getinfo(_DATA).compress_type != zipfile.ZIP_STORED:
        raise _damaged(path, f"{_DATA} is compressed, which metazoo never does")
    document = json.loads(archive.read(_DATA), parse_constant=_refuse_constant)
    version = document["format"]
    if type(version) is not int or version < 1:
        raise _damaged(path, f"format {version!r} is not a known format")
    if version > FORMAT:
        raise CheckpointError(
            f"{path} has format {version}, of metazoo {document.get('metazoo')}; "
            f"this one reads formats up to {FORMAT}: pip install --upgrade metazoo"
        )
    if not isinstance(document["data"], dict):
        raise _damaged(path, f"{_DATA} holds no data by name")
    return document["data"]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_members(archive: zipfile.ZipFile, path: str) -> None:
    """Compare every member with the manifest."""
    # Stored members cannot hold more than the file does, so no zip bomb is ever unpacked.
    if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
        raise _damaged(path, "members are compressed, which metazoo never does")
    sums = json.loads(archive.read(_MANIFEST))
    names = archive.namelist()
    if sorted(names) != sorted([*sums, _MANIFEST]):
        raise _damaged(path, f"it should hold {sorted(sums)} and holds {sorted(names)}")
    for name in sums:
        group = name.removesuffix(_GROUP)
        if name != _DATA and (group == name or not _GROUP_NAME.fullmatch(group)):
            raise _damaged(path, f"{name!r} is not a member's name")
        if _sha256(archive.read(name)) != sums[name]:
            raise _damaged(path, f"{name} is not what was written")


def _damaged(path: str, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{path} is damaged ({reason}) and was not loaded; use another copy of the file"
    )
