"""The keyword arguments that every family takes and hands to its base."""

from __future__ import annotations

from typing import TypedDict

from gymnasium.vector import AutoresetMode


class CoreArguments(TypedDict, total=False):
    """The keyword arguments every family takes and hands to its base."""

    num_envs: int
    split: str | None
    episodes_per_trial: int
    max_episode_steps: int | None
    render_mode: str | None
    autoreset_mode: AutoresetMode | str


def drawable(render_mode: str | None, otherwise: str) -> str | None:
    """Return a render mode that families draw in.

    Args:
        render_mode: As given.
        otherwise: What else there is, for the message.

    Raises:
        ValueError: If it is neither `"rgb_array"` nor None.
    """
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode={render_mode!r}; {otherwise}")
    return render_mode
