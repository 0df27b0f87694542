"""Navigation: points in the plane that look for a hidden goal."""

from typing import Any

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/PointNavigation-v0",
        "family": "meta_envs.navigation.navigation:PointNavigation",
        "max_episode_steps": 100,
        "episodes_per_trial": 4,
        "summary": "A point that is paid for being near a hidden goal in a small square",
        "source": "Finn et al. 2017 (MAML), section 5.3",
    },
    {
        "id": "meta/PointCorner-v0",
        "family": "meta_envs.navigation.corners:PointCorner",
        "max_episode_steps": 100,
        "episodes_per_trial": 4,
        "summary": "A point that looks for the one corner of four that pays for coming nearer",
        "source": "Rothfuss et al. 2019 (ProMP), section 7.3",
        "kwargs": {"reward": "sparse"},
    },
    {
        "id": "meta/PointWalls-v0",
        "family": "meta_envs.navigation.corners:PointWalls",
        "max_episode_steps": 100,
        "episodes_per_trial": 2,
        "summary": "A point that must find the gaps of two ring walls on its way to a corner",
        "source": "Code of Rothfuss et al. 2019 (ProMP)",
        "kwargs": {"reward": "dense"},
    },
    {
        "id": "meta/PointMomentum-v0",
        "family": "meta_envs.navigation.momentum:PointMomentum",
        "max_episode_steps": 100,
        "episodes_per_trial": 2,
        "summary": "A point with momentum that looks for the one corner of four that pays",
        "source": "Code of Rothfuss et al. 2019 (ProMP)",
        "kwargs": {"reward": "sparse"},
    },
    {
        "id": "meta/PointGoal-v0",
        "family": "meta_envs.navigation.hidden_goal:PointGoal",
        "max_episode_steps": 20,
        "episodes_per_trial": 3,
        "summary": "A point that is paid for being near one of 100 hidden goals in a square",
        "source": "Code of Rakelly et al. 2019 (PEARL)",
    },
    {
        "id": "meta/SparsePoint-v0",
        "family": "meta_envs.navigation.hidden_goal:SparsePoint",
        "episodes_per_trial": 3,
        "summary": "A point that looks for a goal on a half circle, which pays only from near by",
        "source": "Rakelly et al. 2019 (PEARL), or VariBAD",
        "kwargs": {"source": "pearl", "reward": "sparse"},
    },
    {
        "id": "meta/MovingBandits-v0",
        "family": "meta_envs.navigation.moving_bandits:MovingBandits",
        "episodes_per_trial": 10,
        "summary": "A point and two circles, new each episode, of which always the same one pays",
        "source": "Frans et al. 2018 (MLSH), section 6.1",
        "kwargs": {"steps": 50},
    },
    {
        "id": "meta/KeyDoor-v0",
        "family": "meta_envs.navigation.moving_bandits:KeyDoor",
        "episodes_per_trial": 10,
        "summary": "A point that fetches a key, and two doors, of which always the same one pays",
        "source": "Code of Frans et al. 2018 (MLSH)",
        "kwargs": {"steps": 100},
    },
)
