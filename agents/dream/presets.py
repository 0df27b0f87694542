"""Presets of DREAM: per id, with the source of the settings and what they scored here."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # The smallest city in which exploring pays: 6 problems; known .8, walking .3, best without
    # exploring .4. The defaults are ours for it: .793 after 200 k steps, one seed.
    "dream-bus-grid-small": {
        "id": "meta/BusGrid-v0",
        "env_kwargs": {"buses": 3},
        "arguments": {},
    },
}

PREDICTIVE: dict[str, dict[str, Any]] = {}
