"""Choice of OpenGL for drawing bodies: `MUJOCO_GL`, else a display's, else EGL, else none."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from typing import Any

_LOG = logging.getLogger(__name__)
_NONE = ("disable", "disabled", "off", "false", "0")
_WINDOWS = ("", "glfw", "glx", "enable", "enabled", "on", "true", "1")  # values that mean a display
_LIBRARIES = {"egl": ("OpenGL.EGL",), "osmesa": ("OpenGL.GL", "OpenGL.osmesa")}


def chosen() -> str:
    """Return what `MUJOCO_GL` says."""
    return os.environ.get("MUJOCO_GL", "").lower().strip()


def settle() -> None:
    """Before MuJoCo is imported, check that `MUJOCO_GL`'s choice exists; else disable OpenGL.

    Otherwise MuJoCo cannot be imported at all; without OpenGL, bodies are drawn as outlines.
    """
    asked = chosen()
    on_linux = sys.platform.startswith("linux")
    if "mujoco" in sys.modules or not on_linux or asked in (*_NONE, *_WINDOWS):
        return
    before = os.environ.get("PYOPENGL_PLATFORM")
    try:
        if asked not in _LIBRARIES:
            raise ValueError(f"allowed are {', '.join(map(repr, ('glfw', *_LIBRARIES)))}")
        os.environ.setdefault("PYOPENGL_PLATFORM", asked)
        for name in _LIBRARIES[asked]:
            importlib.import_module(name)
    except Exception as error:  # PyOpenGL fails in many ways where a library is missing
        os.environ["MUJOCO_GL"] = "disable"
        os.environ.pop("PYOPENGL_PLATFORM", None)
        if before is not None:
            os.environ["PYOPENGL_PLATFORM"] = before
        _LOG.warning(
            "MUJOCO_GL=%s does not work here (%s), so bodies are drawn as outlines", asked, error
        )


def failure() -> str | None:
    """Return why there is no OpenGL to try; None if there is, or may be.

    GLFW, MuJoCo's default, would fail without a display, and print messages about it.
    """
    asked = chosen()
    if asked in _NONE:
        return f"MUJOCO_GL={asked}"
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and asked in _WINDOWS[1:] and not has_display:
        return f"MUJOCO_GL={asked} needs a display, and there is none"
    return None


def make_renderer(mujoco: Any, *arguments: Any) -> Any:
    """Return a `mujoco.Renderer`, using EGL if nothing was requested and there is no display.

    Args:
        mujoco: The imported `mujoco` module.
        *arguments: Arguments of the renderer.

    Raises:
        Exception: Of various types, if it does not work.
    """
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and chosen() == "" and not has_display:
        module = sys.modules[mujoco.Renderer.__module__]
        # What MuJoCo itself does when imported with MUJOCO_GL=egl.
        module.gl_context.GLContext = importlib.import_module("mujoco.egl").GLContext
    return mujoco.Renderer(*arguments)
