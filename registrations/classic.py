"""Classic control: Gymnasium's four problems with random constants."""

from typing import Any

_SOURCE = "Gymnasium; the ranges of the constants are ours"

TABLE: tuple[dict[str, Any], ...] = (
    {
        "id": "meta/RandomCartPole-v0",
        "family": "meta_envs.classic.cart_pole:RandomCartPole",
        "max_episode_steps": 500,
        "episodes_per_trial": 2,
        "summary": "A pole to balance on a cart, with random masses, length, gravity and force",
        "source": _SOURCE,
        "kwargs": {},
    },
    {
        "id": "meta/RandomPendulum-v0",
        "family": "meta_envs.classic.pendulum:RandomPendulum",
        "max_episode_steps": 200,
        "episodes_per_trial": 2,
        "summary": "A pendulum to swing up and hold, with random gravity, mass and length",
        "source": _SOURCE,
        "kwargs": {},
    },
    {
        "id": "meta/RandomAcrobot-v0",
        "family": "meta_envs.classic.acrobot:RandomAcrobot",
        "max_episode_steps": 500,
        "episodes_per_trial": 2,
        "summary": "Two links to swing up by the joint between them, of random lengths and masses",
        "source": _SOURCE,
        "kwargs": {},
    },
    {
        "id": "meta/RandomMountainCar-v0",
        "family": "meta_envs.classic.mountain_car:RandomMountainCar",
        "max_episode_steps": 200,
        "episodes_per_trial": 2,
        "summary": "A car that needs a run-up to leave a valley, of random force and gravity",
        "source": _SOURCE,
        "kwargs": {},
    },
)
