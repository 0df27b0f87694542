"""Training logs: a CSV that survives kills and resumes, TensorBoard and text.

These are writers for Stable-Baselines3's `Logger`. None ends training because a disk is full.
"""

from __future__ import annotations

import csv
import errno
import io
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import (
    Figure,
    FormatUnsupportedError,
    HParam,
    HumanOutputFormat,
    Image,
    KVWriter,
    Logger,
    TensorBoardOutputFormat,
    Video,
    filter_excluded_keys,
)
from torch.utils.tensorboard import SummaryWriter

from .files import atomic_file, identity

TIMESTEPS = "time/total_timesteps"  # the column that says where in training a row belongs
_AWAY = "move it away, and a new one is begun"
_UNSUPPORTED = {Video: "video", Figure: "figure", Image: "image", HParam: "hparam"}


class AppendingCSV(KVWriter):
    """Append rows to a CSV file without ever erasing it.

    Columns are in order of first appearance; a new column extends the header, and earlier rows
    have an empty cell there. Rows that a full disk refuses are kept and written with the next
    one.

    Args:
        path: The file; its rows are kept, except an incomplete last line. If the file is removed, a
            new one is begun; if its folder is removed, rows are kept as on a full disk.

    Raises:
        OSError: The file cannot be read or written.
        ValueError: The file is damaged before its last line.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.columns, rows, torn = _read(self.path)
        self._pending: list[dict[str, str]] = []
        self._folder = identity(self.path.parent)
        if torn or _has_other_names(self.path):
            _replace(self.path, self.columns, rows)
        with open(self.path, "ab"):
            pass  # a file that cannot be written fails here, not an hour later

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """Append one row.

        Args:
            key_values: Cells, by column.
            key_excluded: For each column, the formats that do not show it.
            step: Unused; the timesteps are a column.

        Raises:
            FormatUnsupportedError: A value is an image, a figure, a video or hyper-parameters.
        """
        shown = filter_excluded_keys(key_values, key_excluded, "csv")
        self._pending.append({key: _cell(value) for key, value in shown.items()})
        self._try_to_write()

    def close(self) -> None:
        """Try once more to write the rows still pending."""
        if self._pending:
            self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self._write_pending()
        except OSError as error:
            warnings.warn(
                f"cannot write {self.path} ({error.strerror or error}); its newest rows wait in "
                "memory until there is room",
                stacklevel=3,
            )

    def _write_pending(self) -> None:
        if identity(self.path.parent) != self._folder:
            raise FileNotFoundError(errno.ENOENT, "its folder was removed or replaced")
        columns = list(dict.fromkeys([*self.columns, *(k for row in self._pending for k in row)]))
        rows = [[row.get(key, "") for key in columns] for row in self._pending]
        if columns != self.columns or not self.path.exists():
            _, old, _ = _read(self.path)
            padding = [""] * (len(columns) - len(self.columns))
            _replace(self.path, columns, [row + padding for row in old] + rows)
        else:
            _append(self.path, _text(rows))
        self.columns = columns
        self._pending.clear()


class _TensorBoard(TensorBoardOutputFormat):
    """Stable-Baselines3's TensorBoard writer; on resuming it hides what follows the checkpoint."""

    def __init__(self, folder: str, resume_timesteps: int | None):
        purge = None if resume_timesteps is None else resume_timesteps + 1
        self.writer = SummaryWriter(log_dir=folder, purge_step=purge)
        self._is_closed = False
        self._broken = False

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        if self._broken:
            return
        try:
            super().write(key_values, key_excluded, step)
        except OSError as error:
            self._broken = True  # its writing thread has ended for good
            warnings.warn(f"TensorBoard stops here, training goes on: {error}", stacklevel=2)

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:
            warnings.warn(f"TensorBoard's file is not complete: {error}", stacklevel=2)


def make_logger(
    folder: str | os.PathLike, verbose: int = 0, resume_timesteps: int | None = None
) -> Logger:
    """Make the logger of a run: `progress.csv`, TensorBoard files in `tb/`, and optional text.

    Args:
        folder: The run's folder, created if missing.
        verbose: 0 for files only, 1 or more for text on standard output too.
        resume_timesteps: The checkpoint's timesteps; anything logged after them is removed.

    Raises:
        OSError: The folder cannot be written.
        ValueError: When resuming, `progress.csv` has no column of timesteps.
    """
    folder = Path(folder)
    (folder / "tb").mkdir(parents=True, exist_ok=True)
    if resume_timesteps is not None:
        cut_back(folder / "progress.csv", TIMESTEPS, resume_timesteps)
    formats: list[KVWriter] = [
        AppendingCSV(folder / "progress.csv"),
        _TensorBoard(str(folder / "tb"), resume_timesteps),
    ]
    if verbose >= 1:
        formats.append(HumanOutputFormat(sys.stdout))
    return Logger(folder=str(folder), output_formats=formats)


def cut_back(path: str | os.PathLike, column: str, value: float) -> int:
    """Drop the rows of a CSV file that lie beyond a checkpoint, and an incomplete last line.

    A row without a number in `column` is kept or dropped with the row before it.

    Args:
        path: The file; a missing or empty one is fine.
        column: The column to compare, e.g. "time/total_timesteps".
        value: The largest value to keep.

    Returns:
        The number of rows dropped.

    Raises:
        OSError: The file cannot be read or written; it is then unchanged.
        ValueError: The file has no such column, or is damaged before its last line.
    """
    columns, rows, torn = _read(Path(path))
    if columns and column not in columns:
        raise ValueError(f"{path} has no column {column!r} to cut at; it has {columns}")
    kept, beyond = [], False
    for row in rows:
        try:
            beyond = float(row[columns.index(column)]) > value
        except ValueError:
            pass
        if not beyond:
            kept.append(row)
    if torn or len(kept) < len(rows):
        _replace(Path(path), columns, kept)
    return len(rows) - len(kept)


def _cell(value: Any) -> str:
    for kind, name in _UNSUPPORTED.items():
        if isinstance(value, kind):
            raise FormatUnsupportedError(["csv"], name)
    if value is None:
        return ""
    return str(value.item() if getattr(value, "shape", None) == () else value)


def _text(rows: list[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


def _read(path: Path) -> tuple[list[str], list[list[str]], bool]:
    """Read columns and complete rows; return whether there was an incomplete row, left out."""
    content = path.read_bytes() if path.exists() else b""
    whole, _, rest = content.partition(b"\0")  # a power cut may leave zeros at the end
    if rest.strip(b"\0\r\n"):
        raise ValueError(f"{path} is damaged: zeros in its middle; {_AWAY}")
    whole = whole[: whole.rfind(b"\n") + 1]
    torn = whole != content
    lines: list[list[str]] = []
    text = io.StringIO(whole.decode(errors="replace"), newline="")
    reader = csv.reader(text, strict=True)
    try:
        lines.extend(reader)
    except csv.Error as error:
        if text.read(1):  # more text follows
            place = f"line {reader.line_num}"
            raise ValueError(f"{path} is damaged: {place} is not CSV ({error}); {_AWAY}") from error
        torn = True  # the file ends inside a quoted cell
    if lines and len(set(lines[0])) < len(lines[0]):
        raise ValueError(f"{path} is damaged: its header names a column twice; {_AWAY}")
    columns, rows = (lines[0], lines[1:]) if lines else ([], [])
    complete = [row for row in rows if len(row) == len(columns)]
    return columns, complete, torn or len(complete) < len(rows)


def _has_other_names(path: Path) -> bool:
    """Return whether appending would also change a file elsewhere (a hard link)."""
    return path.exists() and path.stat().st_nlink > 1


def _replace(path: Path, columns: list[str], rows: list[list[str]]) -> None:
    with atomic_file(path) as stream:
        stream.write(_text([columns, *rows]) if columns else b"")


def _append(path: Path, content: bytes) -> None:
    size = path.stat().st_size if path.exists() else 0
    try:
        with open(path, "ab") as stream:
            stream.write(content)
    except OSError:
        if path.exists():
            os.truncate(path, size)  # half a row would spoil the next one
        raise
