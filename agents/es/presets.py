"""Presets of ES: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # A rate for small populations: on flat ground its mean return came from -96 to 83 in 19 million
    # steps (a quarter of an hour), and its center earns 185; with .01, to -66 in 8.6 million.
    "es-terrain": {
        "id": "meta/Terrain-v0",
        "arguments": {
            **{"population": 64, "learning_rate": 0.05},
            "policy_kwargs": {"net_arch": (40, 40)},
        },
    },
}
