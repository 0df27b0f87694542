"""Presets of POET: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {}
