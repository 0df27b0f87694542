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
    # The paper's city, with 24 problems: known .8, walking and best without exploring .3. What
    # tells them apart is three rides after one another, which is found by chance.
    "dream-bus-grid": {
        "id": "meta/BusGrid-v0",
        "env_kwargs": {},
        "arguments": {"exploration_final_eps": 0.2},
    },
}

PREDICTIVE: dict[str, dict[str, Any]] = {}
