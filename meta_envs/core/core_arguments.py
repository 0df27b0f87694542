"""The keyword arguments that every family takes and passes to its base."""

from __future__ import annotations

from typing import TypedDict

from gymnasium.vector import AutoresetMode


class CoreArguments(TypedDict, total=False):
    """The keyword arguments that every family takes and passes to its base."""

    num_envs: int
    split: str | None
    episodes_per_trial: int
    max_episode_steps: int | None
    render_mode: str | None
    autoreset_mode: AutoresetMode | str
