"""Memory: what was seen before tells what to do now."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Harlow-v0",
        "family": "meta_envs.memory.harlow:Harlow",
        "episodes_per_trial": 1,
        "summary": "Two unknown objects, shown again and again, one of which pays",
        "source": "Harlow 1949; Wang et al. 2018",
        "kwargs": {"objects": "vectors", "presentations": 6},
    },
)
