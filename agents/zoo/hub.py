"""Entries as others keep them: a folder in Hugging Face's layout, on disk or on its hub.

    README.md            the card, with front matter
    card.json            the card, for programs
    config.json          {"metazoo": version, "data": a checkpoint's JSON, "groups": [name, ...]}
    model.safetensors    its tensors, as "group/name"
    film.gif             the agent at play, if there is a film

A checkpoint has the same bytes after it went there and back, which the card's SHA-256 shows.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import safetensors.torch

from ..core.saving.checkpoint import CheckpointError, read_with_version, write_checkpoint
from ..core.saving.files import atomic_file
from . import card as cards
from .entry import CHECKPOINT, FILM, Entry, name_of
from .shelf import pulled

HUB = "hf://"
CONFIG, MODEL = "config.json", "model.safetensors"
FILES = ("README.md", cards.NAME, CONFIG, MODEL, FILM)
_LARGEST = 2**30  # bytes of a file that is read


def push(entry: Entry, target: str, private: bool = False) -> str:
    """Write an entry where others can take it; return the place.

    Args:
        entry: The entry.
        target: A folder, or `"hf://user/name"`, which is made if it is missing.
        private: Whether a repository that is made is private.

    Raises:
        ImportError: The hub is asked for, and `huggingface_hub` is not installed.
        OSError: A file cannot be read or written.
        ValueError: The entry is damaged, or the target is no repository's name.
    """
    if not target.startswith(HUB):
        write_layout(entry, Path(target))
        return target
    repo, hub = _repo(target), _hub()
    with tempfile.TemporaryDirectory() as folder:
        write_layout(entry, Path(folder))
        api = hub.HfApi()
        api.create_repo(repo, private=private, exist_ok=True)
        told = f"{entry.card.agent} on {entry.card.id}"
        api.upload_folder(repo_id=repo, folder_path=folder, commit_message=told)
    return target


def pull(source: str, into: Path | None = None) -> Entry:
    """Read an entry from a folder of that layout, and put it where `load_pretrained` finds it.

    Args:
        source: A folder that `push` wrote, or `"hf://user/name"`.
        into: The folder of entries; None is that of `METAZOO_ZOO`, else one of the user's.

    Raises:
        ImportError: The hub is asked for, and `huggingface_hub` is not installed.
        OSError: A file cannot be read or written.
        ValueError: The files are damaged or do not belong together.
    """
    into = pulled() if into is None else into
    if not source.startswith(HUB):
        return read_layout(Path(source), into)
    repo, hub = _repo(source), _hub()
    with tempfile.TemporaryDirectory() as folder:
        # these files alone: a repository may hold anything
        hub.snapshot_download(repo, local_dir=folder, allow_patterns=list(FILES))
        return read_layout(Path(folder), into)


def write_layout(entry: Entry, folder: Path) -> None:
    """Write the files of an entry in Hugging Face's layout.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The checkpoint is not the card's.
    """
    data, tensors, version = read_with_version(entry.checkpoint())
    folder.mkdir(parents=True, exist_ok=True)
    flat = {
        f"{group}/{name}": part for group, parts in tensors.items() for name, part in parts.items()
    }
    config = {"metazoo": version, "data": data, "groups": sorted(tensors)}
    text = f"{json.dumps(config, indent=1, sort_keys=True, allow_nan=False)}\n"
    content = {CONFIG: text.encode(), MODEL: safetensors.torch.save(flat)}
    for name in ("README.md", cards.NAME):
        content[name] = (entry.folder / name).read_bytes()
    if entry.film is not None:
        content[FILM] = entry.film.read_bytes()
    for name, part in content.items():
        with atomic_file(folder / name) as stream:
            stream.write(part)


def read_layout(folder: Path, into: Path) -> Entry:
    """Make an entry of files in Hugging Face's layout; it appears whole or not at all.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The files are damaged or do not belong together.
    """
    card = cards.read(folder)
    config, tensors = _config(folder / CONFIG), _tensors(folder / MODEL)
    for group in config["groups"]:
        tensors.setdefault(group, {})  # one without tensors left no trace
    into.mkdir(parents=True, exist_ok=True)
    target = into / name_of(card.agent, card.id)
    if Path(target.name).name != target.name or target.name.startswith("."):
        raise ValueError(f"{folder}: {target.name!r} is not the name of an entry")
    with tempfile.TemporaryDirectory(dir=into, prefix=".pulling-") as made:
        place = Path(made)
        try:
            write_checkpoint(place / CHECKPOINT, config["data"], tensors, config["metazoo"])
        except ValueError as error:
            raise CheckpointError(f"{folder} is damaged: {error}") from error
        for name in ("README.md", cards.NAME):
            shutil.copyfile(folder / name, place / name)
        if (folder / FILM).is_file():
            (place / FILM).write_bytes(_bytes(folder / FILM))
        Entry(place, card).checkpoint()  # compares it with the card
        if target.exists():
            shutil.rmtree(target)
        target.mkdir()
        for part in place.iterdir():
            part.replace(target / part.name)
    return Entry(target, card)


def _config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(path))
    except (ValueError, RecursionError):
        found = None
    kinds = {"metazoo": str, "data": dict, "groups": list}
    if not isinstance(found, dict) or not all(
        isinstance(found.get(key), kind) for key, kind in kinds.items()
    ):
        raise CheckpointError(f"{path} is damaged: it has no {', '.join(kinds)}")
    if not all(isinstance(group, str) for group in found["groups"]):
        raise CheckpointError(f"{path} is damaged: groups are no names")
    return found


def _tensors(path: Path) -> dict[str, dict[str, Any]]:
    content = _bytes(path)
    try:
        flat = safetensors.torch.load(content)
    except Exception as error:  # safetensors has errors of its own
        raise CheckpointError(f"{path} is damaged: {error}") from error
    tensors: dict[str, dict[str, Any]] = {}
    for name, part in flat.items():
        group, slash, rest = name.partition("/")
        if not slash:
            raise CheckpointError(f"{path} is damaged: {name!r} is in no group")
        tensors.setdefault(group, {})[rest] = part
    return tensors


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST:
        raise CheckpointError(f"{path} is larger than {_LARGEST:,} bytes")
    return path.read_bytes()


def _repo(text: str) -> str:
    repo = text.removeprefix(HUB).strip("/")
    if repo.count("/") != 1:
        raise ValueError(f"{text!r} is no repository; write {HUB}USER/NAME")
    return repo


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as missing:
        raise ImportError(
            f'{HUB} needs what pip install "metazoo[hub]" installs (huggingface_hub); a folder '
            "needs nothing"
        ) from missing
    return huggingface_hub
