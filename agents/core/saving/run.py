"""A run: the folder of one training run, never overwritten.

runs/<agent>-<id>-s<seed>[-2...]/
    config.json     what was asked for, and with which versions
    progress.csv    the log
    tb/             the log for TensorBoard
    checkpoint.zip  the state at the latest saved iteration boundary
    evaluations.csv, best.zip  returns on held-out tasks while it trained, and the best state
    curve.csv, curve.png
runs/last           the newest run
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import json
import os
import re
import secrets
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import atomic_file, refuse_links, remove_leftovers
from .lock import locked
from .provenance import provenance

_LAST = "last"
_LONGEST_NAME = 1024  # bytes read of a `last` that is a text file


@dataclass(frozen=True)
class Run:
    """The folder of one training run; the files it names need not exist.

    Args:
        folder: The folder, from `create` or `open`.
    """

    folder: Path

    @classmethod
    def create(
        cls,
        root: str | os.PathLike,
        agent: str,
        env_id: str,
        seed: int | None,
        config: Mapping[str, Any],
    ) -> Run:
        """Create the folder of a new run, and point `last` to it.

        Args:
            root: The folder of all runs, created if missing.
            agent: The agent's name.
            env_id: The id of the environment it trains on.
            seed: The training seed; None if it was drawn at random.
            config: What was asked for; values that are not JSON are written as text.

        Raises:
            OSError: The folder cannot be created or written; nothing of it is left behind.
        """
        root = Path(root)
        name = _file_name(f"{agent}-{env_id}-s{'none' if seed is None else seed}")
        made: Path | None = None
        try:
            root.mkdir(parents=True, exist_ok=True)
            made = _new_folder(root, name)
            run = cls(made)
            run.tb.mkdir()
            about = {"agent": agent, "env_id": env_id, "seed": seed, "config": dict(config)}
            _write_json(run.config, {**about, **provenance()})
        except OSError as error:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
            raise OSError(
                error.errno or errno.EIO,
                f"cannot write a run folder ({error.strerror or error}); choose another place",
                str(made or root),
            ) from error
        _point_last(root, made.name)
        return run

    @classmethod
    def open(cls, path: str | os.PathLike, needs: str | None = "checkpoint.zip") -> Run:
        """Find an existing run.

        Args:
            path: The run's folder, a file in it, or `<root>/last`.
            needs: The file that must exist: e.g. "checkpoint.zip" to resume, "progress.csv" to
                plot; None for any run.

        Raises:
            FileNotFoundError: There is no such folder, or the file is missing from it.
            ValueError: `last` names something other than a folder beside it.
        """
        folder = _resolve(Path(path))
        if not folder.is_dir():
            raise FileNotFoundError(
                errno.ENOENT, f"there is no such run; {_neighbours(folder)}", str(path)
            )
        needed = needs or "config.json"
        if not (folder / needed).is_file():
            held = sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))
            inside = f"it holds {held[:8]}" if held else "it is empty"
            runs = any(folder.glob("*/config.json"))
            hint = f"; it is a folder of runs: {_neighbours(folder / _LAST)}" if runs else ""
            purpose = "to resume from " if needs == "checkpoint.zip" else ""
            raise FileNotFoundError(
                errno.ENOENT, f"there is no {needed} {purpose}here; {inside}{hint}", str(folder)
            )
        return cls(folder)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the run for writing: no other process writes to it, and no link leads elsewhere.

        Removes temporary files left by killed processes.

        Raises:
            BlockingIOError: Another process is training this run; the message says which.
            OSError: The folder contains a link, or cannot be written.
        """
        refuse_links(self.folder)
        with locked(self.folder, "trained"):
            for path in (
                *(self.config, self.progress, self.checkpoint, self.curve_csv),
                *(self.evaluations, self.best),
            ):
                remove_leftovers(path)
            yield

    @property
    def config(self) -> Path:
        """`config.json`."""
        return self.folder / "config.json"

    @property
    def progress(self) -> Path:
        """`progress.csv`."""
        return self.folder / "progress.csv"

    @property
    def checkpoint(self) -> Path:
        """`checkpoint.zip`."""
        return self.folder / "checkpoint.zip"

    @property
    def evaluations(self) -> Path:
        """`evaluations.csv`."""
        return self.folder / "evaluations.csv"

    @property
    def best(self) -> Path:
        """`best.zip`."""
        return self.folder / "best.zip"

    @property
    def curve_csv(self) -> Path:
        """`curve.csv`."""
        return self.folder / "curve.csv"

    @property
    def curve_png(self) -> Path:
        """`curve.png`."""
        return self.folder / "curve.png"

    @property
    def tb(self) -> Path:
        """The folder `tb`."""
        return self.folder / "tb"

    def read_config(self) -> dict[str, Any]:
        """Read `config.json`: agent, env_id, seed, config, versions, command, commit, created.

        Raises:
            OSError: The file is missing or unreadable.
            ValueError: The file is damaged; the message says where.
        """
        try:
            document = json.loads(self.config.read_bytes())
            for key, kind in (("agent", str), ("env_id", str), ("config", dict)):
                if not isinstance(document[key], kind):
                    raise ValueError(f"{key} is {str(document[key])[:80]!r}")
            _check_config(document["config"])
            return {**document, "config": dict(document["config"])}
        except (KeyError, TypeError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(
                f"{self.config} is damaged ({error!r}); it is JSON written at the start of training"
            ) from error


def _check_config(config: Mapping[str, Any]) -> None:
    """Refuse a config in which a value that resuming reads has the wrong type."""
    for key, least in (
        *(("total_timesteps", 1), ("eval_freq", 1), ("eval_tasks", 0), ("threads", 1)),
    ):
        value = config.get(key)
        if value is not None and (type(value) is not int or not least <= value < 2**63):
            raise ValueError(f"config.{key} is {str(value)[:80]!r}")
    if not isinstance(config.get("wandb"), str | None):
        raise ValueError(f"config.wandb is {str(config['wandb'])[:80]!r}")
    applied = config.get("applied", {})
    if not isinstance(applied, dict) or not all(isinstance(one, str) for one in applied.values()):
        raise ValueError("config.applied is not a dict of words")


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip(".-") or "run"


def _new_folder(root: Path, name: str) -> Path:
    folder, number = root / name, 1
    while True:
        try:
            folder.mkdir()  # this is the test: two runs started together get two folders
            return folder
        except FileExistsError:
            number += 1
            folder = root / f"{name}-{number}"


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, default=_as_text, skipkeys=True)
    with atomic_file(path) as stream:
        stream.write(f"{text}\n".encode())


def _as_text(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy and torch
        return value.tolist()
    return getattr(value, "__qualname__", None) or str(value)


def _point_last(root: Path, name: str) -> None:
    temporary = root / f".{_LAST}.{secrets.token_hex(4)}.tmp"
    try:
        try:
            temporary.symlink_to(name, target_is_directory=True)
        except (OSError, NotImplementedError):  # not every system or user may create links
            temporary.write_text(f"{name}\n")
        os.replace(temporary, root / _LAST)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        warnings.warn(f"{root / _LAST} could not be pointed to {name}: {error}", stacklevel=3)


def _resolve(path: Path) -> Path:
    """Follow `last`, whether link or text file, and go from a run's file to its folder."""
    if path.name == _LAST and (path.is_symlink() or path.is_file()):
        return _beside(path)
    if path.is_symlink() and path.is_dir():
        return path.resolve()
    return path.parent if path.is_file() else path


def _beside(last: Path) -> Path:
    """Return the folder that `last` names, which must be beside it."""
    named = os.readlink(last) if last.is_symlink() else _text_of(last)
    folder: Path | None = None
    # circular links, or a name that no folder can have
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        folder = (last.parent / named).resolve()
    if folder is None or folder.parent != last.parent.resolve() or folder.name == _LAST:
        raise ValueError(
            f"{last} names {named[:200]!r}, which is not a folder beside it; name the run itself, "
            f"and remove {last} if you did not make it"
        )
    return last.parent / folder.name


def _text_of(last: Path) -> str:
    with open(last, "rb") as stream:
        return stream.read(_LONGEST_NAME).decode(errors="replace").strip()


def _neighbours(folder: Path) -> str:
    root = folder.parent
    runs = sorted({file.parent.name for file in root.glob("*/config.json")} - {_LAST})
    if not runs:
        return f"no run is in {root} yet; metazoo train starts one"
    near = difflib.get_close_matches(folder.name, runs, n=5, cutoff=0.6)
    return f"the nearest are {near}" if near else f"{root} has {runs[:5]}"
