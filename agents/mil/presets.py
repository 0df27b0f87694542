"""Presets of agents that learn to imitate, and what they scored."""

from typing import Any

MIL: dict[str, dict[str, Any]] = {}
CONDITIONAL: dict[str, dict[str, Any]] = {}
