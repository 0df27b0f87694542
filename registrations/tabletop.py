"""Objects on a table, seen in small pictures."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/Reach2D-v0",
        "family": "meta_envs.tabletop.reach:Reach2D",
        "episodes_per_trial": 3,
        "summary": "A disc among objects of different looks, in pictures, and one object to go to",
        "source": "Finn, Yu et al. 2017 (MIL), section 6.1, in pictures of ours",
        "kwargs": {"objects": 2, "pixels": 48, "steps": 25},
    },
    {
        "id": "meta/Push2D-v0",
        "family": "meta_envs.tabletop.push:Push2D",
        "episodes_per_trial": 3,
        "summary": "A disc among objects of different looks, in pictures, and one object to push",
        "source": "Finn, Yu et al. 2017 (MIL), section 6.2, in pictures of ours",
        "kwargs": {"objects": 2, "pixels": 48, "steps": 50},
    },
)
