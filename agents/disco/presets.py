"""Presets of DiscoRL: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Those of the notebook that was published with the rule; not run here with its weights.
    "catch": {
        "id": "meta/Catch-v0",
        "env_kwargs": {},
        "arguments": {"learning_rate": 1e-2},
    },
}
