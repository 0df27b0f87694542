"""Presets of the in-context agent: per id, with the source of the settings."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {}
