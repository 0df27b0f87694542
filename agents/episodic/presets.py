"""Presets of MFEC and NEC: per id; settings are ours, for problems of minutes.

What they score is in `benchmarks/results/episodic.csv`.
"""

from typing import Any

_CATCH = "meta/Catch-v0"
_DARK_ROOM: dict[str, Any] = {"id": "meta/DarkRoom-v0", "env_kwargs": {"size": 7, "steps": 20}}

MFEC_PRESETS: dict[str, dict[str, Any]] = {
    "mfec-catch": {"id": _CATCH, "arguments": {"capacity": 10_000}},
    # With a discount, a shorter way to the goal is worth more than a longer one. Random actions
    # find that one can stay there: without them most rooms end in stepping off and on.
    "mfec-dark-room": {
        **_DARK_ROOM,
        "arguments": {
            **{"capacity": 10_000, "gamma": 0.99},
            **{"exploration_initial_eps": 0.3, "exploration_steps": 3600},
        },
    },
}
# Horizons are about an episode's length; a state is known again after a few visits.
_SMALL: dict[str, Any] = {"capacity": 10_000, "horizon": 10, "exploration_steps": 300}
NEC_PRESETS: dict[str, dict[str, Any]] = {
    "nec-catch": {"id": _CATCH, "arguments": _SMALL},
    "nec-dark-room": {
        **_DARK_ROOM,
        "arguments": {**_SMALL, "horizon": 20, "exploration_steps": 1000, "neighbours": 10},
    },
}
