"""Task distributions for meta-reinforcement learning behind Gymnasium's API."""

from . import wrappers
from .core.api import task_api
from .core.registration import card, list_distributions, register
from .core.single import MetaEnv
from .core.vector import MetaVectorEnv
from .laws.check import check_task_distribution

import registrations  # isort: skip  # noqa: F401  registers every "meta/..." id, with `register`

__all__ = [
    "MetaEnv",
    "MetaVectorEnv",
    "card",
    "check_task_distribution",
    "list_distributions",
    "register",
    "task_api",
    "wrappers",
]
