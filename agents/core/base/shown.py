"""Settings as one writes them in a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def short(value: Any) -> str:
    """Return a setting as text: schedules as `linear:1e-3:0`, dicts as `(key=value ...)`."""
    if isinstance(value, tuple) and value[:1] == ("linear",):
        return ":".join(map(str, value))
    if isinstance(value, Mapping):
        inside = " ".join(f"{key}={short(part)}" for key, part in value.items())
        return f"({inside})"
    return "none" if value is None else getattr(value, "__name__", str(value))
