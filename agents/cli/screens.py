"""Where pictures of a trial go: a window, an animated GIF or a film."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from .find import UsageError

FILM_NEEDS = 'an .mp4 needs imageio with ffmpeg: pip install "metazoo[video]"'
_FASTEST = 30.0  # pictures a second of a file; of faster families some are left out
_QUALITY = 8  # of 10; films of plain shapes stay small


def can_film() -> bool:
    """Tell whether what writes films is installed."""
    return all(importlib.util.find_spec(name) for name in ("imageio", "imageio_ffmpeg"))


def pace(fps: float) -> tuple[int, float]:
    """Return every how many steps a picture is shown, and how many pictures a second that is."""
    every = max(round(fps / _FASTEST), 1)
    return every, fps / every


class Window:
    """A window: Gymnasium's own, over an environment that only has pictures.

    Args:
        fps: Pictures a second.
    """

    def __init__(self, fps: float):
        self.fps = fps
        self._pictures = _Pictures(fps)
        self._window = gym.wrappers.HumanRendering(self._pictures)

    def show(self, picture: np.ndarray, hold: float) -> None:
        """Show a picture for a frame, and for `hold` seconds more."""
        self._pictures.picture = picture
        for _ in range(1 + round(hold * self.fps)):
            self._window.step(0)

    def close(self) -> None:
        """Close the window."""
        self._window.close()


class _Pictures(gym.Env):
    """Has nothing but its newest picture."""

    render_mode = "rgb_array"
    observation_space = action_space = gym.spaces.Discrete(1)

    def __init__(self, fps: float):
        self.metadata = {"render_modes": ["rgb_array", "human"], "render_fps": fps}
        self.picture = np.zeros((1, 1, 3), dtype=np.uint8)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Do nothing: the window draws after a step."""
        return 0, 0.0, False, False, {}

    def render(self) -> Any:
        """Return the picture."""
        return self.picture


class Gif:
    """An animated GIF, written at the end, whole or not at all.

    Args:
        path: The file.
        fps: Pictures a second.
    """

    def __init__(self, path: Path, fps: float):
        self.path = path
        self._milliseconds = 1000 / fps
        self._pictures: list[Any] = []
        self._durations: list[int] = []

    def show(self, picture: np.ndarray, hold: float) -> None:
        """Add a picture for a frame, and for `hold` seconds more."""
        from PIL import Image

        # a palette of its own keeps a picture at a byte a pixel in memory, and its colours right
        self._pictures.append(Image.fromarray(picture).quantize(colors=256))
        self._durations.append(max(round(self._milliseconds + 1000 * hold), 20))

    def close(self) -> None:
        """Write the file."""
        from ..core.saving.files import atomic_file

        if not self._pictures:
            return
        first, *others = self._pictures
        with atomic_file(self.path) as stream:
            first.save(
                stream,
                format="GIF",
                save_all=True,
                append_images=others,
                duration=self._durations,
                loop=0,
                disposal=2,
            )
        print(f"written: {self.path}", flush=True)


class Film:
    """An .mp4 (H.264), written as it is shown and put into its place at the end.

    Args:
        path: The file.
        fps: Pictures a second.

    Raises:
        UsageError: What writes films is not installed; says how to install it.
    """

    def __init__(self, path: Path, fps: float):
        if not can_film():
            raise UsageError(f"{FILM_NEEDS}; or name a .gif")
        self.path, self.fps = path, fps
        # ffmpeg writes files, not streams
        self._draft = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp.mp4")
        self._writer: Any = None

    def show(self, picture: np.ndarray, hold: float) -> None:
        """Add a picture for a frame, and for `hold` seconds more."""
        if self._writer is None:
            import imageio.v2 as imageio

            if not self.path.absolute().parent.is_dir():
                raise UsageError(f"there is no folder {self.path.parent} to write {self.path} to")
            self._writer = imageio.get_writer(
                self._draft, format="FFMPEG", fps=self.fps, quality=_QUALITY, macro_block_size=2
            )
        height, width = picture.shape[:2]
        # H.264 takes even sizes only
        even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        for _ in range(1 + round(hold * self.fps)):
            self._writer.append_data(even)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is None:
            return
        try:
            self._writer.close()
            os.replace(self._draft, self.path)
        finally:
            with contextlib.suppress(OSError):
                self._draft.unlink(missing_ok=True)
        print(f"written: {self.path}", flush=True)
