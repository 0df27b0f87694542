"""Where a run comes from: versions, command, commit and time."""

from __future__ import annotations

import contextlib
import datetime
import platform
import subprocess
import sys
from importlib import metadata
from typing import Any

import torch

_PACKAGES = ("metazoo", "gymnasium", "stable-baselines3", "numpy")
_WHERE_USED = ("mujoco",)  # its versions move bodies differently
_GIT_SECONDS = 2.0  # a slow file system must not hold up the start


def provenance() -> dict[str, Any]:
    """Return what a run's `config.json` records about its origin."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    used = [package for package in _WHERE_USED if package in sys.modules]
    for package in (*_PACKAGES, *used):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    versions["torch"] = str(torch.__version__)  # tells its build too, as in "2.13.0+cpu"
    return {
        "versions": versions,
        "command": sys.argv,
        "commit": _commit(),
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }


def _commit() -> str | None:
    """Return the commit of the folder in which training was started, with "-dirty" if edited."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_SECONDS)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
