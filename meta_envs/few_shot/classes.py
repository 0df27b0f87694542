"""Pictures of classes, from a folder, a dataset or our own glyphs. C classes, I pictures in all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..core.memory import refuse_beyond_memory
from ..core.names import names_module, resolve
from .glyphs import glyphs

_KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}
_BYTES = 5  # of a pixel: as it was read, and as a number


class Classes:
    """Pictures, class by class, ink bright on dark.

    Args:
        images: Where they come from: see `FewShotImages`.
        size: Side of a picture in pixels.
        rotations: Make each class turned by a quarter, a half and three quarters a class of its
            own.

    Raises:
        FileNotFoundError: If there is no such folder.
        MemoryError: If they do not fit into memory.
        TypeError: If `images` is something else.
        ValueError: If there is no class.
    """

    def __init__(self, images: Any, size: int, rotations: bool):
        groups = _read(images, size)
        if not groups:
            raise ValueError(f"images={images!r} holds no class; each folder of pictures is one")
        if rotations:
            groups = [np.rot90(one, turn, axes=(1, 2)) for one in groups for turn in range(4)]
        self.counts = np.array([len(one) for one in groups])  # [C]
        self.begins = np.cumsum(self.counts) - self.counts
        pictures = np.concatenate(groups)
        if images is not None and pictures.mean() > 127:  # dark ink on bright paper
            pictures = 255 - pictures
        self.pictures = pictures.reshape(len(pictures), -1)  # uint8 [I, size * size]

    def __len__(self) -> int:
        """C."""
        return len(self.counts)


def _read(images: Any, size: int) -> list[np.ndarray]:
    """Return the pictures of each class, uint8 [number, size, size]."""
    if images is None:
        return list(glyphs(size))
    if isinstance(images, str) and names_module(images) and not os.path.isdir(images):
        images = resolve(images)
        images = images() if callable(images) else images
    if isinstance(images, str) and not images:
        raise ValueError("images='' names no folder")
    if isinstance(images, str | os.PathLike):
        return _read_folder(Path(images), size)
    if not (hasattr(images, "__getitem__") and hasattr(images, "__len__")):
        raise TypeError(
            f"images={images!r} must be a folder of folders of pictures, a dataset of (picture, "
            "label) pairs as torchvision has them, its 'module:Name', or None for drawn glyphs"
        )
    _refuse(len(images), size)
    found: dict[int, list[np.ndarray]] = {}
    for index in range(len(images)):
        try:
            picture, label = images[index]
            found.setdefault(int(label), []).append(_small(picture, size))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise TypeError(
                f"images: item {index} of {type(images).__name__} must be a pair of a picture and "
                f"its label: {error}"
            ) from error
    return [np.stack(found[label]) for label in sorted(found)]


def _read_folder(folder: Path, size: int) -> list[np.ndarray]:
    """Read pictures; every folder that holds some, at any depth, is a class."""
    from PIL import Image

    if not folder.is_dir():
        raise FileNotFoundError(
            f"images={str(folder)!r} is no folder; Omniglot's are images_background and "
            "images_evaluation (github.com/brendenlake/omniglot)"
        )
    classes: dict[Path, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _KINDS:
            classes.setdefault(path.parent, []).append(path)
    _refuse(sum(map(len, classes.values())), size)

    def read(path: Path) -> np.ndarray:
        with Image.open(path) as picture:
            return _small(picture, size)

    return [np.stack([read(path) for path in paths]) for _, paths in sorted(classes.items())]


def _small(picture: Any, size: int) -> np.ndarray:
    """Return a picture (PIL's, or bytes, or numbers up to 1) as uint8 [size, size]."""
    from PIL import Image

    if not isinstance(picture, Image.Image):
        array = np.asarray(picture)
        if array.dtype.kind == "f":
            array = (255.0 * array).round().clip(0, 255)
        if array.ndim == 3:  # channels first as torchvision's tensors, or last
            array = array.mean(axis=0 if array.shape[0] in (1, 3) else 2)
        picture = Image.fromarray(array.astype(np.uint8))
    grey = picture.convert("L")
    return np.asarray(grey.resize((size, size), Image.Resampling.BOX))


def _refuse(count: int, size: int) -> None:
    refuse_beyond_memory(count, _BYTES * size**2, f"{count} pictures of {size} by {size} pixels")
