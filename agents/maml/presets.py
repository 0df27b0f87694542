"""Presets of gradient-based agents: per id, with the source of the settings."""

from typing import Any

Presets = dict[str, dict[str, Any]]

MAML: Presets = {}
PROMP: Presets = {}
EMAML: Presets = {}
FOMAML: Presets = {}
METASGD: Presets = {}
REPTILE: Presets = {}

SUPERVISED: Presets = {}
