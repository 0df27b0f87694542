"""Presets of L2RL: per id, with the source and what it scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {}
