"""How many numbers a network sees of an observation."""

from __future__ import annotations

from gymnasium.vector.utils import create_empty_array

from .actor_critic import ActorCritic


def input_size(network: ActorCritic, what: str) -> int:
    """Return the numbers that a network sees of an observation.

    Args:
        network: The network.
        what: What takes vectors alone, for the message.

    Raises:
        TypeError: If they are no vector.
    """
    space = network.observation_space
    shape = network.encode(create_empty_array(space, 1)).shape
    if len(shape) != 2:
        raise TypeError(f"{what} takes observations that are vectors or numbers, not {space}")
    return int(shape[1])
